"""The languages that people may ask for, by code and by name."""

from __future__ import annotations

from volano.services.assistants.model import InvalidAssistant

LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Simplified Chinese",
}
_CODES = {name.lower(): code for code, name in LANGUAGES.items()} | {
    "chinese": "zh",
    "mandarin": "zh",
    "中文": "zh",
    "英文": "en",
    "英语": "en",
    "汉语": "zh",
    "日语": "ja",
    "deutsch": "de",
    "español": "es",
    "français": "fr",
    "italiano": "it",
}


def find_language(text: str) -> str:
    """The code of a language named by its code or name; '' for anything else."""
    text = text.strip().lower()
    return text if text in LANGUAGES else _CODES.get(text, "")


def require_language(text: str) -> str:
    """As `find_language`; raises InvalidAssistant for none."""
    code = find_language(text)
    if not code:
        raise InvalidAssistant(
            f"'{text[:20]}' is no language here; it is one of {', '.join(LANGUAGES)}.",
            fields={"param": "language"},
        )
    return code


def written_in(language: str, otherwise: str) -> str:
    """An order to a model about the language of its answer."""
    name = LANGUAGES[language] if language else f"the language of the {otherwise}"
    return f"Write in {name}."
