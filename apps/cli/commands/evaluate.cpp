// llmx evaluate: how faithful the maps of one or several methods are, over one or several requests.

#include <fmt/format.h>

#include <array>
#include <iostream>
#include <iterator>
#include <llmx/error.hpp>
#include <llmx/view.hpp>
#include <memory>
#include <span>

#include "commands.hpp"
#include "commands/evaluation.hpp"
#include "commands/sources.hpp"
#include "core/files.hpp"
#include "core/rank_correlation.hpp"
#include "flags.hpp"
#include "messages.hpp"
#include "output.hpp"
#include "request/carry_out.hpp"
#include "request/fields.hpp"
#include "request/json.hpp"
#include "request_lines.hpp"
#include "terminal/terminal.hpp"

namespace llmx::cli {
namespace {

constexpr const char* footer = R"(Examples:
  llmx evaluate --model m.gguf --user-file question.txt --unit word --method all
  llmx evaluate --model m.gguf --requests requests.jsonl --method saliency,leave_one_out --csv table.csv
  llmx evaluate --model m.gguf --prompt "Once upon a time" --method gradient --randomization
  llmx evaluate --model m.gguf --questions examples/evaluate/sources/english.jsonl
What the numbers mean: docs/faithfulness.md.)";

struct Options {
    request::Json given = request::Json::object();
    std::optional<std::string> requests, questions, csv, json, request_file;
    std::string color = "auto";
    bool quiet = false, randomization = false, written = false;
    std::vector<std::string> depths = {"top", "half", "all"};
};

/// One request, read.
struct Job {
    RequestLine line;
    request::Json id;
    ExplainRequest request;
};

/// An error in one line of --requests leaves the others' numbers.
template <class Action>
bool tried(const RequestLine& line, const request::Json& id, std::vector<FailedRequest>& failed,
           const Action& action) {
    try {
        action();
        return true;
    } catch (const Error& error) {
        if (line.number == 0 || error.code() == ErrorCode::cancelled) throw;
        failed.push_back({line.number, id, error.what()});
        return false;
    }
}

void require_local(const Options& options, const ExplainRequest& request) {
    if (!options.randomization || request.load.rpc.empty()) return;
    throw Error(
        ErrorCode::unsupported,
        "--randomization: the weights of a model on RPC servers cannot be randomised; leave out `rpc`");
}

std::vector<Job> read_jobs(const Options& options, InputReader& reader, std::vector<FailedRequest>& failed) {
    if (options.requests && options.request_file)
        throw Error(ErrorCode::usage, "--request, --requests: given together; expected one of them");
    std::vector<RequestLine> lines = {{0, "{}"}};
    if (options.request_file) lines = {{0, reader.file("--request", *options.request_file)}};
    if (options.requests) lines = read_request_lines(reader, "--requests", *options.requests);
    std::vector<Job> jobs;
    jobs.reserve(lines.size());
    for (RequestLine& line : lines) {
        const request::Json id = options.requests ? take_id(line) : request::Json();
        tried(line, id, failed, [&] {
            ExplainRequest request = reader.request(merged(request::parse_object(line.text), options.given));
            request.measure_faithfulness = true;
            require_local(options, request);
            jobs.push_back({line, id, std::move(request)});
        });
    }
    return jobs;
}

/// The seed is that of the randomised weights, too.
bool same_model(const Job& a, const Job& b) {
    return request::model_key(a.request) == request::model_key(b.request) &&
           a.request.writing.seed == b.request.writing.seed;
}

/// The numbers of requests that are asked of one model.
class Group {
public:
    Group(std::span<const Job> jobs, Activity& activity) : jobs_(jobs), activity_(activity) {}

    void run(Evaluation& evaluation) {
        std::optional<Model> model;
        std::vector<EvaluatedRequest> found;
        for (const Job& job : jobs_) {
            tried(job.line, job.id, evaluation.failed, [&] {
                if (!model) model = request::load_model(job.request, activity_);
                found.push_back(evaluated(*model, job, evaluation.requests.size() + found.size()));
                done_.push_back(&job);
            });
        }
        for (const Depth& depth : evaluation.depths) {
            if (!found.empty()) randomize(depth.blocks(model->facts().blocks), found);
        }
        std::move(found.begin(), found.end(), std::back_inserter(evaluation.requests));
    }

private:
    EvaluatedRequest evaluated(const Model& model, const Job& job, std::size_t index) {
        request::Prepared ready = request::prepare(model, job.request, activity_);
        request::write_answer(model, ready, activity_);
        // Other random rankings for every request, so that the means' errors are right.
        ready.request.check->seed = static_cast<std::uint32_t>(index) * 1'000'003U + job.request.writing.seed;
        const Explanation result = request::explain(model, ready);
        activity_.clear();
        activity_.require_wanted();
        EvaluatedRequest request{.line = job.line.number, .id = job.id, .blocks = model.facts().blocks};
        request.result = nlohmann::ordered_json::parse(view::json(result, {request_to_json(ready.asked)}));
        for (ScoredMap& map : maps_of(result, ready.asked.methods)) request.maps.push_back({std::move(map)});
        if (request.maps.empty())
            throw Error(ErrorCode::unsupported,
                        "no method gives a map for this model; expected other methods");
        ready.request.check.reset();
        ready_.push_back(std::move(ready));
        return request;
    }

    /// The same requests, answers included, by a model that has forgotten its last blocks.
    void randomize(int blocks, std::span<EvaluatedRequest> requests) {
        const Model model = request::load_model(jobs_.front().request, activity_, blocks);
        for (std::size_t i = 0; i < done_.size(); ++i) {
            const Explanation result = request::explain(model, ready_[i]);
            const std::vector<ScoredMap> maps = maps_of(result, ready_[i].asked.methods);
            for (std::size_t m = 0; m < maps.size(); ++m) {
                EvaluatedMap& own = requests[i].maps[m];
                own.randomized.push_back(
                    {spearman(own.map.scores, maps[m].scores), kendall(own.map.scores, maps[m].scores)});
            }
            activity_.clear();
            activity_.require_wanted();
        }
    }

    std::span<const Job> jobs_;
    Activity& activity_;
    std::vector<const Job*> done_;  ///< those that did not fail
    std::vector<request::Prepared> ready_;
};

std::vector<Depth> depths_of(const CLI::App& app, const Options& options) {
    std::vector<Depth> depths;
    const bool chosen = app.count("--randomization-depths") > 0;
    if (!options.randomization && !chosen) return depths;
    for (const std::string& text : options.depths) depths.push_back(parse_depth(text));
    return depths;
}

void print_warnings(const Evaluation& evaluation) {
    for (const FailedRequest& failed : evaluation.failed)
        complain(fmt::format("line {}: {}", failed.line, failed.message));
    for (const EvaluatedRequest& request : evaluation.requests) {
        const std::string where = request.line > 0 ? fmt::format("line {}: ", request.line) : "";
        for (const auto& warning : request.result["warnings"])
            complain(fmt::format("warning: {}{}", where, warning.get<std::string>()));
    }
}

void require_questions_alone(const Options& options) {
    if (!options.requests && !options.request_file && !options.csv && !options.randomization) return;
    throw Error(
        ErrorCode::usage,
        "--questions: goes with none of --requests, --request, --csv, --randomization; expected it alone");
}

void run(const CLI::App& app, const Options& options) {
    if (options.written && !options.questions)
        throw Error(ErrorCode::usage, "--written: goes with --questions; expected both");
    if (options.questions) {
        require_questions_alone(options);
        return evaluate_sources({.file = *options.questions,
                                 .given = options.given,
                                 .json = options.json.value_or(""),
                                 .written = options.written,
                                 .quiet = options.quiet,
                                 .color = wants_color(options.color)});
    }
    InputReader reader;
    const bool color = wants_color(options.color);
    Evaluation evaluation{.depths = depths_of(app, options)};
    const std::vector<Job> jobs = read_jobs(options, reader, evaluation.failed);
    require_json_place(options.json.value_or(""));
    if (options.csv == "-")
        throw Error(ErrorCode::usage, "--csv: cannot write to standard output; expected a file name");
    const std::array<std::pair<std::string, std::string>, 4> files = {
        {{"--requests", options.requests.value_or("")},
         {"--request", options.request_file.value_or("")},
         {"--json", options.json.value_or("")},
         {"--csv", options.csv.value_or("")}}};
    require_different(files);
    if (options.csv) require_writable_place(*options.csv);

    catch_interrupts();
    const bool to_output = options.json == "-";
    TerminalActivity activity(options.quiet || to_output);
    for (std::size_t first = 0; first < jobs.size();) {
        std::size_t last = first + 1;
        while (last < jobs.size() && same_model(jobs[first], jobs[last])) ++last;
        Group(std::span(jobs).subspan(first, last - first), activity).run(evaluation);
        first = last;
    }
    activity.clear();
    if (!options.quiet) print_warnings(evaluation);
    if (!options.quiet && !to_output && !evaluation.requests.empty())
        print_evaluation(std::cout, evaluation, color);
    if (options.csv) write_file_atomically(*options.csv, evaluation_csv(evaluation));
    if (options.json) write_json(*options.json, evaluation_json(evaluation));
    if (evaluation.failed.empty()) return;
    throw PartlyFailed(fmt::format("evaluate: {} of {} requests failed: {}", evaluation.failed.size(),
                                   evaluation.failed.size() + evaluation.requests.size(),
                                   options.quiet ? "line " + std::to_string(evaluation.failed[0].line) +
                                                       ": " + evaluation.failed[0].message
                                                 : "see above"));
}

void declare_own(CLI::App& app, Options& o) {
    app.option_defaults()->group("Evaluation");
    const auto text = [&](const std::string& name, std::optional<std::string>& target, const char* help) {
        app.add_option(name, target, help)->type_name("FILE");
    };
    text("--requests", o.requests,
         "Requests in JSON lines, keys as of explain --request; a flag\ngoes before a key, for all lines");
    text("--request", o.request_file, "... or one, a JSON object");
    text("--questions", o.questions,
         "Questions in JSON lines, with \"needed\": [[sentence, ...], ...], of each of\nwhich list one holds "
         "the "
         "answer: how often why and the methods find them");
    app.add_flag(
        "--written", o.written,
        "... The model writes the answers; wrong ones, with none of the line's\n\"accepts\": [text, ...], "
        "are left out");
    app.add_flag("--randomization", o.randomization,
                 "Also compare each map with that of the same model with its\nweights re-drawn, from the top "
                 "block down");
    app.add_option("--randomization-depths", o.depths,
                   "... so far down: top, half, all, or numbers of blocks")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->capture_default_str();
    text("--json", o.json, "All numbers and curves as JSON; -: to standard output");
    text("--csv", o.csv, "A row for every request and method");
    app.add_option("--color", o.color, "auto, always, never")->capture_default_str();
    app.add_flag("--quiet", o.quiet, "No table, progress or warnings; errors only");
}

}  // namespace

Command add_evaluate(CLI::App& program) {
    CLI::App* app = program.add_subcommand("evaluate", "Measure how faithful the scores of methods are");
    app->footer(footer);
    auto options = std::make_shared<Options>();
    ExplainRequest rows;
    declare_flags(*app, request::fields(rows), options->given);
    declare_own(*app, *options);
    return {app, [app, options] { run(*app, *options); }};
}

}  // namespace llmx::cli
