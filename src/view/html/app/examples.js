// Where to start from.
"use strict";
(() => {
  const hours = "Online chat support is available Monday to Friday, 8:00 AM to 12:00 PM EST, and Saturday, 9:00 AM to 5:00 PM EST. Phone support is available 24/7 for Premium customers, and for regular customers Monday to Friday, 9:00 AM to 6:00 PM EST.";
  llmx.examples = [
    { name: "Opening hours", system: `You are a customer support assistant. ${hours}`, user: "When can I reach online chat support?" },
    { name: "An answer from context", system: "Answer with one short sentence.", user: "The library opens at ten and closes at six. It is closed on Sundays. Is it open on Sunday?" },
    { name: "One number", system: "Answer with a number alone.", user: "Anna has three apples and buys four more. How many apples does she have?" },
    { name: "A review", system: "Say whether the review is positive or negative.", user: "The room was clean and quiet, but nobody answered at the desk and the breakfast was cold." },
    { name: "A capital", prompt: "Paris is the capital of France. Rome is the capital of" },
    { name: "Opening hours", context: hours, question: "When can I reach online chat support?" },
    { name: "English to German", task: "translation", prefix: "translate English to German: ", source: "The house is wonderful, and its garden is large." },
    { name: "A summary", task: "summarization", prefix: "summarize: ", source: hours },
  ];
})();
