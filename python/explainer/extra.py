"""Names of the original toolbox's `explainer.extra`."""


class ModelExplanationTask:
    """The five tasks, as `task_type` spells them."""

    QUESTION_ANSWERING = "question_answering"
    TRANSLATION = "translation"
    SUMMARIZATIONS = "summarizations"
    GENERATIVE_TEXT_CHAT = "generative_text_chat"
    GENERATIVE_TEXT_CHAT_ASSISTANT = "generative_text_chat_assistant"


__all__ = ["ModelExplanationTask"]
