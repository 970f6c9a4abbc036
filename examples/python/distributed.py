"""Explains several requests with a pool of workers, and shows what each answer depends on.

    python distributed.py model.gguf [requests.jsonl]

Needs pip install 'llm-explainer[ray]'. Finished records are kept: a second call has nothing left to do.
"""

import argparse

import explainer
from explainer.distributed import explain_dataset, read

RECORDS = [
    {"id": "pier", "user": "The ferry to Larsk leaves from pier four, the ferry to Holm from pier two.\n"
                           "From which pier does the ferry to Holm leave?"},
    {"id": "gate", "user": "Mira planted tulips along the fence. Her brother Tom painted the gate green.\n"
                           "What colour is the gate?"},
    {"id": "typo", "usr": "A record that fails becomes a row with its error, and the others continue."},
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("source", nargs="?", help=".jsonl or .parquet; without it, three records of this file")
    parser.add_argument("--output", default="explained")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()

    summary = explain_dataset(options.source or RECORDS, options.output, model=options.model, workers=options.workers,
                              methods=["input_x_gradient"], unit="word", max_new_tokens=24)
    print(f"{summary.done} done, {summary.failed} failed, {summary.kept} kept from before: {summary.output}")
    for row in read(options.output):
        if row["status"] == "failed":
            print(f"{row['id']}: {row['error_class']}: {row['error']}")
            continue
        attribution = explainer.load_result(row["result"]).attributions[0]
        units = attribution["units"]
        strengths = [sum(abs(score) for score in scores) for scores in zip(*attribution["scores"])]
        best = sorted(((strength, unit["text"].strip()) for strength, unit in zip(strengths, units)
                       if unit["kind"] not in ("template", "special")), reverse=True)
        print(f"{row['id']}: {row['answer_text'].strip()!r} depends most on {', '.join(word for _, word in best[:5])}")


if __name__ == "__main__":
    main()
