"""Markup becomes headings and paragraphs: tables, figures and citation marks go, words stay."""

import pytest

from doctorsun.data.readers.markup import html_blocks, markdown_blocks, plain_blocks, xml_blocks
from doctorsun.text.passages import Block

PAGE = """---
title: "Bones &amp; Joints"
layout: page
---

<div data-type="abstract" markdown="1">
By the end you can:
* name bones
</div>

The **thigh**{: data-type="term"} holds the *femur* (see [\\[link\\]](/m1#fig-ch1)), as [Gray][1] and
[others](http://a.b/c_(d)) say. In [\\[link\\]](#fig-ch2), Ca<sup>2+</sup> &lt; 3 and ([\\[link\\]](#fig-x)**b**).

 ![A picture (of bones).](../a.jpg "Its caption."){: #fig-ch1 data-title="Femur"}

### Head *of* the femur ###

<div data-type="title">
Everyday
</div>
<span data-type="title">Falls</span> A fall_breaks\\_it.[^1]

* one
  goes on
* two
{: type="a"}

| a | b |
|---|---|
<table><tr><td>cell <b>bold</b></td></tr></table>

<div data-type="note" class="anatomy interactive">
Watch this video.
</div>

<div data-type="exercise"><div data-type="problem">
Which?
</div></div>

head
: upper end
^

[1]: http://gray.example
[^1]: A note
"""


def test_markdown():
    assert markdown_blocks(PAGE) == [
        Block("Bones & Joints", 1),
        Block(
            "The thigh holds the femur, as Gray and others say. In the figure, Ca2+ < 3 and.",
        ),
        Block("Head of the femur", 3),
        Block("Everyday", 4),
        Block("Falls", 4),
        Block("A fall_breaks_it."),
        Block("- one goes on\n- two"),
        Block("head: upper end"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[\\[link\\]](#fig-1) shows it. [\\[link\\]](#tbl-1) lists it.", "The figure shows it. The table lists it."),
        ("as in [\\[link\\]](/m1#m2-3) here", "as in the text here"),
        ("肺部**感染**（见图）", "肺部感染（见图）"),
    ],
)
def test_references_read_as_words(text, expected):
    assert markdown_blocks(text) == [Block(expected)]


def test_html():
    page = """<html><head><title>T</title><style>p {}</style></head><body><nav>menu</nav><h2>Lung &amp; heart</h2>
    <p>Two<br>lines, H<sub>2</sub>O.</p><ul><li>one</li><li>two</li></ul><script>x < 1</script>
    <figure><img src="a"><figcaption>c</figcaption></figure><p>Open<p>Next</body></html>"""

    assert html_blocks(page) == [
        Block("Lung & heart", 2),
        Block("Two lines, H2O."),
        Block("- one\n- two"),
        Block("Open"),
        Block("Next"),
    ]


def test_xml_of_an_article():
    article = """<?xml version="1.0"?><article xmlns:jats="x"><front><journal-meta><title>J</title></journal-meta>
    <article-title>On <italic>E. coli</italic></article-title><contrib-group><name>N</name></contrib-group></front>
    <body><sec><title>Methods</title><jats:p>We saw<xref ref-type="bibr" rid="1">1</xref> it
    (<xref ref-type="fig">Fig. 1</xref>).</jats:p><table-wrap><p>cell</p></table-wrap><note/><p><![CDATA[a < b]]></p>
    </sec></body><back><ref-list><p>Literature</p></ref-list></back></article>"""

    assert xml_blocks(article) == [
        Block("On E. coli", 1),
        Block("Methods", 2),
        Block("We saw it (Fig. 1)."),
        Block("a < b"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One line\ngoes on here.\nA new one\n\nSecond", ["One line goes on here.\nA new one", "Second"]),
        ("第一段\n　　第二段\n", ["第一段", "第二段"]),
        ("肺部\n感染\n\n好", ["肺部感染", "好"]),
        ("Head\n- a\n- b\n\nx", ["Head\n- a\n- b", "x"]),
        (" \n", []),
    ],
)
def test_plain_text(text, expected):
    assert [block.text for block in plain_blocks(text)] == expected
