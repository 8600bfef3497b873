"""The words of a leak check's page in English and Chinese."""

LEAK_STRINGS: dict[str, tuple[str, str]] = {
    "leak.title": ("Leak check", "泄漏检查"),
    "leak.searched": ("samples searched", "条样本已检索"),
    "leak.searched.one": ("sample searched", "条样本已检索"),
    "leak.lead": (
        (
            "Which samples of this store show an image, or say a question, of a test. What a model learns from such a "
            "sample makes its score on that question worthless."
        ),
        "列出该数据集中出现测试图像或测试问题的样本。模型若学习过这些样本，其在相应问题上的得分即无意义。",
    ),
    "leak.leaked": ("Questions given away", "已泄漏的问题"),
    "leak.images": ("Test images in the store", "出现在数据集中的测试图像"),
    "leak.pairs": ("With the question itself", "连同问题一起出现"),
    "leak.rows": ("Samples of the store to remove", "应从数据集中移除的样本"),
    "leak.none": ("Nothing of this test was found in the store.", "未在该数据集中发现此测试的内容。"),
    "leak.layer": ("Evidence", "证据"),
    "leak.questions": ("Questions", "问题数"),
    "leak.first": ("of them by no stronger one", "其中无更强证据者"),
    "leak.test_images": ("Test images", "测试图像数"),
    "leak.samples": ("Samples", "样本数"),
    "leak.layer.image_id": ("Same data set, same image", "同一数据集的同一图像"),
    "leak.layer.file": ("Same file", "文件相同"),
    "leak.layer.pixels": ("Same pixels", "像素相同"),
    "leak.layer.near": ("Same picture in another form", "同一图像的另一版本"),
    "leak.layer.question": ("Same words", "问题文字相同"),
    "leak.means.image_id": (
        "The image's data set and its path there are the same; nothing need be here but the names.",
        "图像所属数据集及其路径相同；仅凭名称即可判断，无需图像文件。",
    ),
    "leak.means.file": ("The files have the same bytes.", "文件字节完全一致。"),
    "leak.means.pixels": (
        "The decoded pixels are the same, whatever the file.",
        "解码后的像素完全一致，与文件格式无关。",
    ),
    "leak.means.near": (
        "The fingerprints are near, and a second look at the pixels agrees: resized, encoded again, brighter.",
        "图像指纹相近，且像素复核一致：例如缩放、重新编码或调整亮度。",
    ),
    "leak.means.question": (
        "The sample holds runs of 13 words or Chinese characters of the question; short or general ones do not count.",
        "样本包含问题中连续 13 个词或汉字的片段；简短或通用的问题不计。",
    ),
    "leak.test_side": ("Test", "测试"),
    "leak.store_side": ("Store", "数据集"),
    "leak.no_picture": ("The image is not here.", "图像不在此处。"),
    "leak.bits": ("bits of 256 differ", "位不同（共 256 位）"),
    "leak.share": ("of the question's runs of words", "的问题片段"),
    "leak.words.exact": ("same question", "问题相同"),
    "leak.words.form": ("same question in another form", "问题相同，写法不同"),
    "leak.words.grams": ("much of the question", "含问题的大部分"),
    "leak.all": (
        "leaks.jsonl lists every sample of the store with the questions that it gives away.",
        "leaks.jsonl 列出每一条泄漏样本及其对应的问题。",
    ),
    "leak.use.text": (
        (
            "Leave these samples out of training, or say beside the score which questions were seen. A clean result "
            "tells about this store alone: what a model learnt before is not known here."
        ),
        "请在训练前移除这些样本，或在得分旁注明哪些问题已出现过。检查通过仅说明该数据集；模型此前学过的内容不在检查范围内。",
    ),
}
