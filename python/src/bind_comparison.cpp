// How much two results agree.

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <llmx/compare.hpp>

#include "bind.hpp"
#include "result_data.hpp"
#include "work.hpp"

namespace llmx::python {
namespace {

namespace nb = nanobind;
using namespace nb::literals;

nb::dict agreement(const Agreement& a) {
    nb::dict d;
    d["spearman"] = a.spearman;
    d["kendall"] = a.kendall;
    d["cosine"] = a.cosine;
    d["overlap"] = a.overlap;
    d["top"] = a.top;
    return d;
}

nb::dict comparison(const Comparison& c) {
    nb::list targets, differences;
    for (const Agreement& target : c.targets) targets.append(agreement(target));
    for (const Difference& difference : c.differences) {
        nb::dict d;
        d["text"] = difference.text;
        d["first_unit"] = difference.first_unit;
        d["second_unit"] = difference.second_unit;
        d["first"] = difference.first;
        d["second"] = difference.second;
        d["first_rank"] = difference.first_rank;
        d["second_rank"] = difference.second_rank;
        differences.append(d);
    }
    nb::dict d;
    d["method"] = c.method;
    d["objective"] = c.objective;
    d["first_options"] = c.first_options;
    d["second_options"] = c.second_options;
    d["units"] = c.units;
    d["first_units"] = c.first_units;
    d["second_units"] = c.second_units;
    d["total"] = agreement(c.total);
    d["targets"] = targets;
    d["differences"] = differences;
    return d;
}

nb::dict compare_results(const ResultData& first, const ResultData& second, int top, int differences,
                         bool align_text) {
    const ExplanationComparison found = [&] {
        const Unlocked unlocked;
        return compare(first.stored.explanation, second.stored.explanation,
                       CompareOptions{.top = top, .differences = differences, .align_text = align_text});
    }();
    nb::list comparisons;
    for (const Comparison& c : found.comparisons) comparisons.append(comparison(c));
    nb::dict d;
    d["comparisons"] = comparisons;
    d["only_first"] = found.only_first;
    d["only_second"] = found.only_second;
    return d;
}

}  // namespace

void bind_comparison(nb::module_& module) {
    module.def("compare", compare_results, "first"_a, "second"_a, "top"_a = 10, "differences"_a = 10,
               "align_text"_a = false);
}

}  // namespace llmx::python
