#include "method/attention/flow.hpp"

#include <algorithm>
#include <boost/graph/boykov_kolmogorov_max_flow.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <cmath>

namespace llmx::method {

namespace {

using boost::no_property;
using Graph = boost::compressed_sparse_row_graph<boost::directedS, no_property, no_property, no_property,
                                                 unsigned, unsigned>;
using Edge = boost::graph_traits<Graph>::edge_descriptor;
using Capacity = std::int64_t;  // whole numbers: sums are exact, and an edge is full or it is not

constexpr int scale = 40;  // binary digits

/// The nodes that lie on a way from the source to the sink, and the edges between them. Every edge has one
/// back, of capacity 0, as the algorithm wants it.
class Network {
public:
    Network(const std::vector<std::vector<Capacity>>& layers, std::size_t rows, int from, int to)
        : layers_(layers), rows_(rows) {
        find_nodes(static_cast<std::size_t>(from), static_cast<std::size_t>(to));
        if (nodes_ == 0) return;
        count_edges();
        add_edges();
        source_ = number_[layers.size() * rows_ + static_cast<std::size_t>(from)];
        sink_ = number_[static_cast<std::size_t>(to)];
    }

    double flow() {
        if (nodes_ == 0) return 0;
        const Graph graph(boost::edges_are_sorted, ends_.begin(), ends_.end(), nodes_);
        const auto edge = get(boost::edge_index, graph);
        const auto node = get(boost::vertex_index, graph);
        std::vector<Capacity> residual(ends_.size());
        std::vector<Edge> before(nodes_);
        std::vector<boost::default_color_type> colour(nodes_);
        std::vector<long> distance(nodes_);
        const Capacity found = boost::boykov_kolmogorov_max_flow(
            graph, boost::make_iterator_property_map(capacity_.begin(), edge),
            boost::make_iterator_property_map(residual.begin(), edge),
            boost::make_iterator_property_map(back_.begin(), edge),
            boost::make_iterator_property_map(before.begin(), node),
            boost::make_iterator_property_map(colour.begin(), node),
            boost::make_iterator_property_map(distance.begin(), node), node, source_, sink_);
        return std::ldexp(static_cast<double>(found), -scale);
    }

private:
    [[nodiscard]] Capacity between(std::size_t layer, std::size_t q, std::size_t k) const {
        return layers_[layer][q * rows_ + k];
    }

    /// Numbers for the nodes [level, row]; unsigned(-1) for those that no flow can pass.
    void find_nodes(std::size_t from, std::size_t to) {
        const std::size_t levels = layers_.size() + 1;
        std::vector<bool> below(levels * rows_, false);  // reached from the source
        std::vector<bool> above(levels * rows_, false);  // the sink is reached from it
        below[layers_.size() * rows_ + from] = true;
        above[to] = true;
        for (std::size_t l = layers_.size(); l-- > 0;) {
            for (std::size_t q = 0; q < rows_; ++q) {
                if (!below[(l + 1) * rows_ + q]) continue;
                for (std::size_t k = 0; k < rows_; ++k)
                    if (between(l, q, k) > 0) below[l * rows_ + k] = true;
            }
        }
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            for (std::size_t q = 0; q < rows_; ++q) {
                for (std::size_t k = 0; k < rows_ && !above[(l + 1) * rows_ + q]; ++k)
                    if (above[l * rows_ + k] && between(l, q, k) > 0) above[(l + 1) * rows_ + q] = true;
            }
        }
        number_.assign(levels * rows_, unsigned(-1));
        if (!below[to]) return;
        for (std::size_t n = 0; n < number_.size(); ++n)
            if (below[n] && above[n]) number_[n] = nodes_++;
    }

    /// edge(upper node, lower node, capacity) for each, by upper node, then lower node.
    template <class Each>
    void for_each_edge(Each&& edge) const {
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            for (std::size_t q = 0; q < rows_; ++q) {
                const unsigned upper = number_[(l + 1) * rows_ + q];
                if (upper == unsigned(-1)) continue;
                for (std::size_t k = 0; k < rows_; ++k) {
                    const unsigned lower = number_[l * rows_ + k];
                    if (lower == unsigned(-1)) continue;
                    if (const Capacity c = between(l, q, k); c > 0) edge(upper, lower, c);
                }
            }
        }
    }

    /// A node's edges stand together: those down, then those back up.
    void count_edges() {
        down_.assign(nodes_, 0);
        up_.assign(nodes_, 0);
        for_each_edge([&](unsigned upper, unsigned lower, Capacity) {
            ++down_[upper];
            ++up_[lower];
        });
        unsigned first = 0;
        for (unsigned n = 0; n < nodes_; ++n) {
            const unsigned after = first + down_[n] + up_[n];
            up_[n] = first + down_[n];
            down_[n] = first;
            first = after;
        }
        ends_.resize(first);
        capacity_.assign(first, 0);
        back_.resize(first);
    }

    void add_edges() {
        for_each_edge([&](unsigned upper, unsigned lower, Capacity c) {
            const unsigned down = down_[upper]++;
            const unsigned up = up_[lower]++;
            ends_[down] = {upper, lower};
            ends_[up] = {lower, upper};
            capacity_[down] = c;
            back_[down] = Edge(lower, up);
            back_[up] = Edge(upper, down);
        });
    }

    const std::vector<std::vector<Capacity>>& layers_;
    std::size_t rows_;
    unsigned nodes_ = 0;
    unsigned source_ = 0, sink_ = 0;
    std::vector<unsigned> number_;     // [level, row]
    std::vector<unsigned> down_, up_;  // the next free place of each node's edges
    std::vector<std::pair<unsigned, unsigned>> ends_;
    std::vector<Capacity> capacity_;
    std::vector<Edge> back_;
};

}  // namespace

LayeredFlow::LayeredFlow(const std::vector<Tensor>& layers)
    : rows_(static_cast<std::size_t>(layers.front().shape[0])) {
    for (const Tensor& layer : layers) {
        auto& capacities = layers_.emplace_back(layer.values.size());
        std::transform(layer.values.begin(), layer.values.end(), capacities.begin(), [](float weight) {
            return std::llround(std::ldexp(static_cast<double>(weight), scale));
        });
    }
}

double LayeredFlow::maximum(int from, int to) const { return Network(layers_, rows_, from, to).flow(); }

std::size_t LayeredFlow::bytes() const {
    std::size_t edges = 0;
    for (const auto& layer : layers_)
        edges += layer.size() - static_cast<std::size_t>(std::count(layer.begin(), layer.end(), 0));
    constexpr std::size_t of_edge = sizeof(std::pair<unsigned, unsigned>) + 2 * sizeof(Capacity) +
                                    sizeof(Edge) +
                                    sizeof(unsigned);  // ends, capacity, residual, back; the graph's own
    return 2 * edges * of_edge;
}

}  // namespace llmx::method
