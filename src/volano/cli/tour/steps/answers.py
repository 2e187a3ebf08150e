"""Step answers: customers' questions, each answered with a sentence of the shop's policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.cli.tour.outcome import Note, require
from volano.cli.tour.retrieval import Answer, Vector, best_answer

if TYPE_CHECKING:
    from volano.cli.tour.day import Day
    from volano.cli.tour.shop import Question

EMBEDDING_MODEL = "all-minilm-l6-v2"
BATCH = 32
LENGTH_TOLERANCE = 0.01


def run(day: Day) -> Note:
    """Embed every sentence and question; compare each answer with what it must be."""
    sentences = day.shop.sentences
    vectors, tokens = _embed(day, [sentence.text for sentence in sentences], "sentence")
    asked, more = _embed(day, [question.text for question in day.shop.questions], "question")
    _check_vectors(vectors + asked)
    lines: list[str] = []
    found = 0
    for question, vector in zip(day.shop.questions, asked, strict=True):
        answer = best_answer(question.text, vector, sentences, vectors)
        _check(question, answer)
        found += answer.sentence is not None
        lines += _show(question, answer)
    count = len(day.shop.questions)
    return Note(
        summary=f"{found} of {count} questions answered with source, {count - found} not found",
        lines=tuple(lines),
        facts={"sentences": len(sentences), "tokens": tokens + more, "answered": found},
    )


def _embed(day: Day, texts: list[str], noun: str) -> tuple[list[Vector], int]:
    vectors: list[Vector] = []
    tokens = 0
    for at in range(0, len(texts), BATCH):
        day.say(f"embed {noun} {at + 1} of {len(texts)}")
        batch = texts[at : at + BATCH]
        answer = day.clients.openai.embeddings.create(model=EMBEDDING_MODEL, input=batch)
        order = sorted(answer.data, key=lambda item: item.index)
        require(
            [item.index for item in order] == list(range(len(batch))),
            expected=f"{len(batch)} embeddings, one for each input",
            got=[item.index for item in order],
            todo="see the log of the model worker",
        )
        vectors += [list(item.embedding) for item in order]
        tokens += answer.usage.prompt_tokens
    return vectors, tokens


def _check_vectors(vectors: list[Vector]) -> None:
    sizes = {len(vector) for vector in vectors}
    lengths = [sum(x * x for x in vector) ** 0.5 for vector in vectors]
    require(
        len(sizes) == 1 and all(abs(length - 1) < LENGTH_TOLERANCE for length in lengths),
        expected="embeddings of one size and of length 1",
        got=f"sizes {sorted(sizes)}, lengths {min(lengths):.3f} to {max(lengths):.3f}",
        todo="see the log of the model worker",
    )


def _check(question: Question, answer: Answer) -> None:
    """With no expected answer any sentence will do: it stands in the files by construction."""
    if not question.checked:
        return
    text = answer.sentence.text if answer.sentence else None
    file = answer.sentence.file if answer.sentence else None
    require(
        text == question.expected and question.file in (None, file),
        expected=f"{question.text!r} answered with {question.expected!r} of {question.file}",
        got=f"{text!r} of {file}, score {answer.score:.2f}",
        todo='correct "expected" in questions.json, or say it more plainly in the policy',
    )


def _show(question: Question, answer: Answer) -> tuple[str, str]:
    if answer.sentence is None:
        return (f"? {question.text}", f"  not found (best score {answer.score:.2f})")
    where = f"{answer.sentence.file}:{answer.sentence.line}"
    return (f"? {question.text}", f"  {answer.sentence.text} [{where}, {answer.score:.2f}]")
