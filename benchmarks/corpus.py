"""A seeded generator of fictional dossiers: names by rough shares, codes, dates, texts.

Nothing here is copied from real records. The shares of surnames are rough, from general
knowledge; whether a number or name belongs to a living person is chance.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate

from archive.search import IndexRecord


def _listed(text: str) -> list[str]:
    return text.split()


_SURNAMES = (
    ("Nguyễn", 315), ("Trần", 109), ("Lê", 89), ("Phạm", 59), ("Hoàng", 38), ("Huỳnh", 27),
    ("Vũ", 26), ("Võ", 25), ("Phan", 28), ("Trương", 22), ("Bùi", 21), ("Đặng", 20), ("Đỗ", 19),
    ("Ngô", 17), ("Hồ", 15), ("Dương", 14), ("Đinh", 10), ("Lý", 8), ("Đoàn", 8), ("Lương", 8),
    ("Mai", 7), ("Đào", 7), ("Trịnh", 6), ("Cao", 6), ("Lâm", 6), ("Tạ", 5), ("Hà", 5),
    ("Châu", 4), ("Tô", 4), ("Thái", 4), ("Phùng", 4), ("Quách", 3), ("Kiều", 3), ("Tăng", 3),
    ("Chu", 3), ("Nghiêm", 2), ("Lưu", 5), ("Vương", 4), ("La", 2), ("Khổng", 1), ("Thạch", 2),
    ("Sơn", 1), ("Triệu", 3), ("Nông", 2), ("Hứa", 2), ("Doãn", 1), ("Mạc", 1), ("Ông", 1),
)  # fmt: skip
_MIDDLE_MALE = _listed(
    "Văn Đức Hữu Minh Quang Thanh Công Xuân Đình Ngọc Quốc Anh Trọng Hoàng Duy Tiến"
)
_MIDDLE_FEMALE = _listed("Thị Ngọc Thanh Thu Kim Minh Phương Mỹ Hồng Bích Thùy Hoài Diệu Khánh Lan")
_GIVEN_MALE = _listed(
    "Anh Hùng Dũng Tuấn Minh Long Nam Hải Sơn Đức Thắng Hiếu Trung Kiên Cường Tùng Quân Hoàng "
    "Bình Phong Việt Huy Khánh Thành Tâm Phúc Lộc An Khoa Bảo Đạt Vinh Toàn Thịnh Nghĩa Duy "
    "Quý Tài Trí Lâm Hòa Đông Thái Giang Hậu Luân Nhân Sang Tiến Vũ Khải Bách Đăng Kha Quyết"
)
_GIVEN_FEMALE = _listed(
    "Hương Hoa Lan Linh Trang Thảo Hà Hạnh Nga Mai Thu Hiền Ngọc Phương Yến Dung Hằng Loan "
    "Nhung Oanh Quỳnh Thủy Thúy Tuyết Vân Xuân Châu Chi Diệp Giang Huệ Huyền Khanh Liên Ly "
    "Minh My Ngân Nguyệt Nhi Như Tâm Thanh Thơm Trâm Trinh Uyên Vy Ánh Đào Bích Cúc Sen Thoa"
)
_KINDS = (
    "Công ty TNHH",
    "Công ty cổ phần",
    "Hợp tác xã",
    "Doanh nghiệp tư nhân",
    "Trường tiểu học",
)
_BRANCHES = _listed(
    "xây dựng thương mại vận tải nông nghiệp thủy sản du lịch điện lực cơ khí dệt may"
)
_ACTS = ("Cấp", "Cấp lại", "Đăng ký", "Điều chỉnh", "Gia hạn", "Xác nhận", "Công nhận", "Thu hồi")
_THINGS = (
    "giấy phép xây dựng nhà ở riêng lẻ", "giấy chứng nhận quyền sử dụng đất", "khai sinh",
    "khai tử", "kết hôn", "hộ kinh doanh", "chứng chỉ hành nghề dược", "giấy phép lái xe",
    "giấy chứng nhận đủ điều kiện an toàn thực phẩm", "giấy phép kinh doanh vận tải",
    "thường trú", "tạm trú", "trợ cấp xã hội hằng tháng", "chứng chỉ hành nghề y",
    "giấy phép môi trường", "biến động đất đai", "thế chấp quyền sử dụng đất",
    "giấy phép quảng cáo", "giấy phép khai thác khoáng sản", "bản sao trích lục hộ tịch",
    "nhãn hiệu", "hợp đồng lao động", "giấy phép lao động cho người nước ngoài",
    "phòng cháy và chữa cháy", "giấy phép đào đường", "cấp nước sạch", "tàu cá",
)  # fmt: skip
_WHERE = ("tại địa phương", "trên địa bàn xã", "do ủy ban nhân dân cấp tỉnh giải quyết", "đối với tổ chức",
          "đối với cá nhân", "trong trường hợp bị mất", "trong trường hợp hư hỏng", "lần đầu", "")  # fmt: skip
_SYLLABLES = _listed(
    "căn cứ luật nghị định thông tư quyết định số ngày tháng năm của về việc theo đề nghị ông bà "
    "hồ sơ đơn giấy tờ kèm theo bản chính bản sao chứng thực ủy ban nhân dân phường xã tỉnh thành "
    "phố sở phòng tài nguyên môi trường nội vụ tư pháp công thương y tế giáo dục giao thông nông "
    "thôn kết quả giải quyết thủ tục hành chính bộ phận một cửa tiếp nhận trả thời hạn lệ phí nộp "
    "thửa đất tờ bản đồ diện tích mét vuông mục đích sử dụng nhà ở công trình tầng chiều cao móng "
    "mái cột thép bê tông gạch đường điện nước cây lúa vườn ao sông núi biển đảo chợ trường bệnh "
    "viện trạm cầu cống bến xe tàu thuyền máy khoan lò nung xưởng kho bãi gửi lưu trữ tài liệu số "
    "hóa ký tên đóng dấu xác nhận người khai cam đoan đúng sự thật chịu trách nhiệm trước pháp "
    "luật kính trình xem xét phê duyệt thẩm định kiểm tra đo đạc lập biên bản hội đồng thành viên"
)
_ONSETS = _listed("b c ch d đ g gi h k kh l m n ng nh ph qu r s t th tr v x")
_RHYMES = _listed(
    "a á à ả ã ạ an án àn ạn ang áng am ám ao áo ay áy ăn ắn ăng ắng âm ấm ân ấn âu ấu ây ấy e é en "
    "én eo éo ê ế ên ến êu ếu i í in ín inh ính o ó oa óa oi ói on ón ong óng ô ố ôi ối ôn ốn ông "
    "ống ơ ớ ơi ới ơn ớn u ú ui úi un ún ung úng ư ứ ưa ứa ươi ưới ương ướng ưu ứu y ý yên yến"
)


class _Weighted:
    """Draws by weight."""

    def __init__(self, values: list[str], weights: list[float]) -> None:
        self._values = values
        self._sums = list(accumulate(weights))

    def draw(self, dice: random.Random) -> str:
        return self._values[bisect(self._sums, dice.random() * self._sums[-1])]


def _zipf(values: list[str], exponent: float = 1.0) -> _Weighted:
    return _Weighted(values, [1 / (rank + 1) ** exponent for rank in range(len(values))])


class Corpus:
    """A collection of fictional dossiers; the same for the same seed."""

    def __init__(self, seed: int = 1, *, body_words: int = 0, procedures: int = 2_000) -> None:
        self._seed = seed
        self._body_words = body_words
        dice = random.Random(f"{seed}/tables")
        titles = [
            f"{act} {thing} {where}".strip()
            for act in _ACTS
            for thing in _THINGS
            for where in _WHERE
        ]
        dice.shuffle(titles)
        self._procedures = {
            f"{dice.choice('123')}.{number:06}": title
            for number, title in enumerate(titles[:procedures], 101)
        }
        self._procedure = _zipf(list(self._procedures))
        self._agencies = {
            f"H{province}.{unit}": f"Ủy ban nhân dân khu vực {unit} tỉnh {province}"
            for province in range(21, 31)
            for unit in range(1, 21)
        }
        self._agency = _zipf(list(self._agencies), 0.7)
        invented = [onset + rhyme for onset in _ONSETS for rhyme in _RHYMES]
        dice.shuffle(invented)
        self._word = _zipf([*_SYLLABLES, *invented], 0.9)
        self._surname = _Weighted(
            [name for name, _ in _SURNAMES], [float(share) for _, share in _SURNAMES]
        )
        self._given = {"m": _zipf(_GIVEN_MALE, 0.6), "f": _zipf(_GIVEN_FEMALE, 0.6)}
        self._middle = {"m": _zipf(_MIDDLE_MALE, 1.2), "f": _zipf(_MIDDLE_FEMALE, 1.6)}

    def records(self, count: int, *, first: int = 0) -> Iterator[IndexRecord]:
        """Yield records `first` to `first + count`, each independent of the others."""
        for number in range(first, first + count):
            yield self.record(number)

    def record(self, number: int) -> IndexRecord:
        """Return one record."""
        dice = random.Random(f"{self._seed}/{number}")
        received = date(2015, 1, 1) + timedelta(days=int(3652 * dice.random() ** 0.7))
        procedure, agency = self._procedure.draw(dice), self._agency.draw(dice)
        closed = received + timedelta(days=dice.randrange(1, 40)) if dice.random() < 0.9 else None
        name = self.name(dice)
        title = f"{self._procedures[procedure]} của {name}"
        words = [self._word.draw(dice) for _ in range(dice.randrange(50, 90) + self._body_words)]
        return IndexRecord(
            id=f"{dice.getrandbits(128):032x}",
            year=received.year,
            code=f"{agency}-{received:%y%m%d}-{number % 10_000:04}",
            name=name,
            procedure=procedure,
            procedure_name=self._procedures[procedure],
            agency=agency,
            agency_name=self._agencies[agency],
            status=dice.choice(("returned",) * 7 + ("refused", "withdrawn", "stopped"))
            if closed
            else dice.choice(("received", "processing")),
            received_on=received,
            closed_on=closed,
            identity_number=_identity(dice),
            signature_outcome=dice.choice(("passed",) * 6 + ("failed", "indeterminate", "none")),
            result_number=f"{dice.randrange(1, 4000)}/GP-UBND" if closed else None,
            title=title,
            text=" ".join(words),
        )

    def name(self, dice: random.Random) -> str:
        """Return the name of a person, or of an organization in 6 of 100 cases."""
        if dice.random() < 0.06:
            branch = " ".join(dice.sample(_BRANCHES, 2))
            return f"{dice.choice(_KINDS)} {branch} {self._given['m'].draw(dice)} {dice.choice(_GIVEN_MALE)}"
        return self.person(dice)

    def person(self, dice: random.Random) -> str:
        """Return the name of a person of two to five syllables."""
        sex = dice.choice("mf")
        middles = [self._middle[sex].draw(dice)] if dice.random() < 0.96 else []
        if dice.random() < 0.35:
            middles.append(dice.choice(_MIDDLE_MALE if sex == "m" else _MIDDLE_FEMALE))
        return " ".join([self._surname.draw(dice), *middles, self._given[sex].draw(dice)])

    def names(self, count: int) -> list[str]:
        """Return that many names of persons."""
        dice = random.Random(f"{self._seed}/names")
        return [self.person(dice) for _ in range(count)]


def _identity(dice: random.Random) -> str:
    return f"{dice.randrange(1, 97):03}{dice.randrange(0, 4)}{dice.randrange(0, 100):02}{dice.randrange(0, 10**6):06}"


def typo(name: str, dice: random.Random) -> str:
    """Return a folded name with one letter of one syllable missing, doubled, other or swapped."""
    words = name.split()
    long = [at for at, word in enumerate(words) if len(word) > 2] or [0]
    at = dice.choice(long)
    word = words[at]
    place = dice.randrange(len(word))
    letter = dice.choice("abcdeghiklmnopqrstuvxy")
    changes: list[Callable[[], str]] = [
        lambda: word[:place] + word[place + 1 :],
        lambda: word[:place] + letter + word[place:],
        lambda: word[:place] + letter + word[place + 1 :],
        lambda: word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
    ]
    changed = word
    while changed == word:
        changed = dice.choice(changes)()
        letter = dice.choice("abcdeghiklmnopqrstuvxy")
        place = dice.randrange(len(word))
    words[at] = changed
    return " ".join(words)
