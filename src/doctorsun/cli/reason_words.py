"""Why 'data deid' did not write a file, in Chinese."""

DATA_REASONS = {
    "no format that can be made clean": "不是可去标识的格式",
    "cannot be read ({kind})": "无法读取（{kind}）",
    "a link that leads out of the folder that is read: name the folder it leads to": (
        "链接指向所读文件夹之外：请直接指定其目标文件夹"
    ),
    "a link that leads nowhere": "链接没有目标",
    "a table (.tsv), which may name people or tell of them: look at it, and copy it without those columns": (
        "表格（.tsv）可能含有姓名或个人情况：请查看后去掉这些列，再自行复制"
    ),
    "no plain gradient table (.bval, .bvec): it must be ASCII without a byte order mark, hold numbers alone with "
    "blanks between, and b-values of 20000 at most or directions of length 1": (
        "不是普通的梯度表（.bval、.bvec）：须为不带字节顺序标记的 ASCII，只含以空格分隔的数值，"
        "b 值不超过 20000，方向长度为 1"
    ),
    "no sidecar: no JSON object of at most 16 MiB": "不是附属文件：不是 16 MiB 以内的 JSON 对象",
    # DICOM
    "a DICOMDIR, which lists old names: make a new one of the files written (dcmmkdir +r of DCMTK)": (
        "DICOMDIR 列有旧名称：请由写出的文件重建（DCMTK 的 dcmmkdir +r）"
    ),
    "an object of no class of the standard: nothing tells what it holds": "不属于标准中任何类别的对象：无从得知其内容",
    "a private transfer syntax": "私有传输语法",
    "a picture of a slide's label": "切片标签的图像",
    "a document in a DICOM wrapper (PDF, CDA or a model): its text cannot be judged": (
        "DICOM 封装的文档（PDF、CDA 或模型）：无法判断其中文字"
    ),
    "its pixels may hold text: pip install '{extra}', or leave them by --without-ocr": (
        "像素中可能含文字：pip install '{extra}'，或用 --without-ocr 保持原样"
    ),
    "its pixels may hold text and cannot be decoded ({kind})": "像素中可能含文字，且无法解码（{kind}）",
    "an overlay in unused bits of pixels of an unusual size": "像素未用位中有叠加层，且像素位数不寻常",
    "{what} need the library {name}: got none installed; {do}": "缺少库 {name}（{what}）；{do}",
    # volumes
    "a NIfTI header without its values beside it": "NIfTI 头文件旁没有数值文件",
    "a CIFTI file: its axes stand in an extension that may name people": "CIFTI 文件：其坐标轴所在的扩展中可能含人名",
    "an NRRD file whose values are in another file, or packed in a way that is not known": (
        "NRRD 文件的数值在另一个文件中，或压缩方式未知"
    ),
    "a MetaImage whose values are in another file, or written as text": (
        "MetaImage 文件的数值在另一个文件中，或以文本写成"
    ),
    # pictures and slides
    "a BMP with transparency: save it as PNG": "带透明度的 BMP：请另存为 PNG",
    "a picture with colours in a palette that is too large to look through": "带调色板的图像过大，无法逐个检查像素",
    "a TIFF whose compression may hide texts": "TIFF 的压缩方式可能藏有文字",
    "a slide without any page but its label and overview": "切片只有标签图和全景图",
    "a slide of a maker whose labels cannot all be found; export it as plain TIFF or Aperio SVS": (
        "该厂商的切片，标签无法全部找到；请导出为普通 TIFF 或 Aperio SVS"
    ),
    # damaged files
    "damaged ({kind})": "已损坏（{kind}）",
    "damaged: it ends too early": "已损坏：文件不完整",
    "damaged: the picture ends too early, or holds what its format does not": (
        "已损坏：图像不完整，或含有其格式不允许的内容"
    ),
    "damaged: a PNG ends too early": "已损坏：PNG 不完整",
    "damaged: a PNG without beginning or end": "已损坏：PNG 缺少开头或结尾",
    "damaged: a PNG with other values than its size tells": "已损坏：PNG 的数值与其尺寸不符",
    "damaged: a compressed frame ends too early": "已损坏：压缩帧不完整",
    "damaged: a compressed frame does not begin as JPEG 2000": "已损坏：压缩帧的开头不是 JPEG 2000",
    "damaged: a compressed frame does not begin as JPEG": "已损坏：压缩帧的开头不是 JPEG",
    "damaged: an RLE frame of no sound header": "已损坏：RLE 帧的头部有误",
    "damaged: an RLE segment of more pixels than the header tells": "已损坏：RLE 段的像素多于头信息所述",
    "damaged: fewer pixels than the header tells": "已损坏：像素少于头信息所述",
    "damaged: fewer frames than the header tells": "已损坏：帧数少于头信息所述",
    "damaged: no NIfTI header": "已损坏：没有 NIfTI 头",
    "damaged: a NIfTI header with impossible sizes": "已损坏：NIfTI 头中的尺寸不合理",
    "damaged: a volume that ends too early": "已损坏：体数据不完整",
    "damaged: values that cannot be unpacked": "已损坏：数值无法解压",
    "damaged: an NRRD header without end, or values in another file": "已损坏：NRRD 头没有结尾，或数值在另一个文件中",
    "damaged: no MetaImage header": "已损坏：没有 MetaImage 头",
    "damaged: no TIFF": "已损坏：不是 TIFF",
    "damaged: a TIFF ends too early": "已损坏：TIFF 不完整",
    "damaged: a TIFF with text where numbers belong": "已损坏：TIFF 中应为数值处是文字",
    "damaged: a TIFF whose directories go round": "已损坏：TIFF 的目录首尾相连",
    "damaged: a TIFF with too many elements": "已损坏：TIFF 的元素过多",
    "damaged: a TIFF with too long an element": "已损坏：TIFF 的元素过长",
    "damaged: a TIFF that does not tell how long its strips are": "已损坏：TIFF 未注明各条带的长度",
    "damaged: a TIFF with elements that do not fit together": "已损坏：TIFF 的元素互相矛盾",
}
