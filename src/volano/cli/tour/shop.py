"""The company whose day the tour lives through: the example shop, or the user's own folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from volano.cli.tour.retrieval import MAX_SENTENCES, Sentence, split_sentences
from volano.cli.tour.tables import InputError, read_orders, read_products

if TYPE_CHECKING:
    from volano.cli.tour.tables import OrderLine, ProductRow

MAX_PICTURES = 2_000
MAX_QUESTIONS = 50
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
USER_DATA_LIMIT_BYTES = 16_384  # EC2's limit on user data before base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A customer's question. With `checked`, `expected` is the sentence, or None for no answer."""

    text: str
    expected: str | None
    file: str | None
    checked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A checked input folder; `uploads` are paths relative to `folder`."""

    folder: Path
    products: tuple[ProductRow, ...]
    orders: tuple[OrderLine, ...]
    sentences: tuple[Sentence, ...]
    questions: tuple[Question, ...]
    uploads: tuple[str, ...]
    job: str

    @property
    def product_count(self) -> int:
        return len({row.handle for row in self.products})


ANY_SHOP_QUESTIONS = (
    "How long does delivery take?",
    "How can I return something that I bought?",
    "How can I pay?",
    "What does the warranty cover?",
    "What personal data do you keep?",
)
UNRELATED_QUESTION = "At what temperature does tungsten melt?"


def example_folder() -> Path:
    """The example shop: inside the installed package, else in the source tree.

    Raises InputError when neither is there.
    """
    places = (Path(__file__).with_name("example"), Path(__file__).parents[4] / "examples" / "shop")
    for place in places:
        if (place / "products.csv").is_file():
            return place
    raise InputError("the example shop is not installed; give your own folder with --input DIR")


def read_shop(folder: Path) -> Shop:
    """Read and check everything in `folder`. Raises InputError, naming file, row and column."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    products = read_products(folder / "products.csv")
    orders = read_orders(folder / "orders.csv")
    policies = sorted((folder / "policies").glob("*.md"))
    if not policies:
        raise InputError(
            f"no Markdown file in {folder / 'policies'}; the questions need at least one"
        )
    sentences = _read_policies(folder, policies)
    pictures = sorted(
        path for path in (folder / "pictures").glob("*") if path.suffix.lower() in PICTURE_SUFFIXES
    )
    if len(pictures) > MAX_PICTURES:
        raise InputError(f"pictures/ holds {len(pictures)} files; the tour takes {MAX_PICTURES}")
    files = [folder / "products.csv", folder / "orders.csv", *policies, *pictures]
    return Shop(
        folder=folder,
        products=products,
        orders=orders,
        sentences=sentences,
        questions=_read_questions(folder, sentences),
        uploads=tuple(path.relative_to(folder).as_posix() for path in files),
        job=_read_job(folder),
    )


def _read_policies(folder: Path, policies: list[Path]) -> tuple[Sentence, ...]:
    sentences: list[Sentence] = []
    for path in policies:
        name = path.relative_to(folder).as_posix()
        try:
            sentences += split_sentences(path.read_text(encoding="utf-8"), name)
        except UnicodeDecodeError as error:
            raise InputError(f"{name}: not UTF-8 at byte {error.start}") from error
    if not sentences:
        raise InputError("the policies contain no sentence, only headings or tables")
    if len(sentences) > MAX_SENTENCES:
        raise InputError(
            f"the policies have {len(sentences)} sentences; the tour takes {MAX_SENTENCES}"
        )
    return tuple(sentences)


def _read_questions(folder: Path, sentences: tuple[Sentence, ...]) -> tuple[Question, ...]:
    path = folder / "questions.json"
    if not path.is_file():
        asked = [
            Question(text=q, expected=None, file=None, checked=False) for q in ANY_SHOP_QUESTIONS
        ]
        unrelated = Question(text=UNRELATED_QUESTION, expected=None, file=None, checked=True)
        return (*asked, unrelated)
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"questions.json: not JSON ({error})") from error
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_QUESTIONS:
        raise InputError(f"questions.json: must be a list of 1 to {MAX_QUESTIONS} questions")
    known = {sentence.text for sentence in sentences}
    return tuple(_to_question(number, item, known) for number, item in enumerate(items, 1))


def _to_question(number: int, item: object, known: set[str]) -> Question:
    where = f"questions.json item {number}"
    if not isinstance(item, dict) or not isinstance(item.get("question"), str):
        raise InputError(f'{where}: must be an object with the text "question"')
    expected, file = item.get("expected"), item.get("file")
    if expected is not None and expected not in known:
        raise InputError(f'{where}: "expected" is not a sentence of the policies: {expected!r}')
    return Question(text=item["question"], expected=expected, file=file, checked="expected" in item)


def _read_job(folder: Path) -> str:
    own = folder / "report_job.py"
    path = own if own.is_file() else example_folder() / "report_job.py"
    job = path.read_text(encoding="utf-8")
    if not job.startswith("#!"):
        raise InputError("report_job.py row 1: user data is only run when it begins with #!")
    if "\nSETTINGS = {}" not in job:
        raise InputError("report_job.py: no line 'SETTINGS = {}' for the tour to fill in")
    if len(job.encode()) > USER_DATA_LIMIT_BYTES - 512:
        raise InputError(
            f"report_job.py: larger than EC2's user data limit of {USER_DATA_LIMIT_BYTES} bytes"
        )
    return job
