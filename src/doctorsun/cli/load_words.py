"""Headings of what 'bench serve' measures, in Chinese."""

LOAD_COLUMNS = {
    "answers": "回答数",
    "errors": "错误",
    "gap_p99_ms": "最长停顿 p99 毫秒",
    "goodput": "及时回答占比",
    "met": "达标",
    "peer": "对比服务",
    "reasons": "错误原因",
    "requests": "请求数",
    "requests_per_s": "请求/秒",
    "same_answers": "相同回答",
    "server": "服务",
    "streams": "并发数",
    "target": "目标",
    "their_tokens": "对方词元",
    "times_as_fast": "倍数",
    "tokens_per_s": "词元/秒",
    "tpot_p50_ms": "每词元 p50 毫秒",
    "tpot_p99_ms": "每词元 p99 毫秒",
    "ttft_p50_ms": "首词元 p50 毫秒",
    "ttft_p99_ms": "首词元 p99 毫秒",
}
