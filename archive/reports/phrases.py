"""Words of the audit's paper: outcomes and sub-indications of EN 319 102-1 in Vietnamese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OUTCOMES = {
    "passed": "Đạt",
    "failed": "Không đạt",
    "indeterminate": "Không kết luận được",
}
KINDS = {"signature": "chữ ký", "document-timestamp": "dấu thời gian tài liệu"}
WHY = {
    "FORMAT_FAILURE": "cấu trúc chữ ký không đúng chuẩn",
    "HASH_FAILURE": "nội dung đã bị thay đổi sau khi ký",
    "SIG_CRYPTO_FAILURE": "giá trị chữ ký không khớp với khóa của người ký",
    "REVOKED": "chứng thư đã bị thu hồi trước khi ký",
    "EXPIRED": "chứng thư đã hết hạn trước khi ký",
    "NOT_YET_VALID": "ký trước khi chứng thư có hiệu lực",
    "SIG_CONSTRAINTS_FAILURE": "có điều kiện của chữ ký chưa được đáp ứng, cần người xem xét",
    "CHAIN_CONSTRAINTS_FAILURE": "chứng thư không dùng cho mục đích này",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "đường dẫn chứng thư có lỗi",
    "CRYPTO_CONSTRAINTS_FAILURE": "thuật toán không được chấp nhận",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "thuật toán đã yếu, thiếu bằng chứng ký trước đó",
    "NO_SIGNING_CERTIFICATE_FOUND": "không tìm thấy chứng thư của người ký",
    "NO_CERTIFICATE_CHAIN_FOUND": "nơi cấp chưa được tin cậy tại đây",
    "REVOKED_NO_POE": "chứng thư đã bị thu hồi, thiếu bằng chứng ký trước đó",
    "REVOKED_CA_NO_POE": "nơi cấp đã bị thu hồi, thiếu bằng chứng ký trước đó",
    "OUT_OF_BOUNDS_NO_POE": "chứng thư đã hết hạn, thiếu bằng chứng ký trước đó",
    "TIMESTAMP_ORDER_FAILURE": "thứ tự các dấu thời gian không hợp lý",
    "SIGNED_DATA_NOT_FOUND": "không tìm thấy nội dung được ký",
    "NO_POE": "thiếu bằng chứng về thời điểm tồn tại",
    "TRY_LATER": "chưa có dữ liệu thu hồi, kiểm tra lại sau",
    "GENERIC": "không đọc được hoặc vượt giới hạn an toàn",
}


def scope_words(scope: Mapping[str, Any]) -> str:
    """Return what was audited, in words."""
    parts = []
    if scope["year"] is not None:
        parts.append(f"hồ sơ nhận năm {scope['year']}")
    if scope["fonds"] is not None:
        parts.append(f"phông {scope['fonds']}")
    if not parts:
        parts.append("toàn bộ hồ sơ đang lưu")
    if scope["sample"] < 1:
        parts.append(f"mẫu {share_words(scope['sample'])}")
    return ", ".join(parts)


def share_words(share: float) -> str:
    """Return a share as Vietnamese writes it: `2,5 %`."""
    return f"{100 * share:g} %".replace(".", ",")
