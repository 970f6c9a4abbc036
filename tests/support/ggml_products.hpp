#pragma once
// All products by ggml, to compare with what ggml computes elsewhere.

#include "engine/pass/own_products.hpp"

namespace llmx::test {

/// While it lives, ggml computes all products, or (false) those that are faster so.
class GgmlProducts {
public:
    explicit GgmlProducts(bool all = true) : before_(engine::own_products.exchange(!all)) {}
    ~GgmlProducts() { engine::own_products = before_; }
    GgmlProducts(const GgmlProducts&) = delete;
    GgmlProducts& operator=(const GgmlProducts&) = delete;

private:
    bool before_;
};

}  // namespace llmx::test
