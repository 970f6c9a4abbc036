// Products by oneDNN, or by plain loops if the build has none.
#include "gemm/gemm.hpp"

#ifdef LLMX_ONEDNN

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <llmx/error.hpp>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

#include "core/parallel.hpp"

namespace llmx::gemm {

namespace {

/// oneDNN takes its thread count from OpenMP.
class ThreadScope {
public:
    explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
        if (threads != before_) omp_set_num_threads(threads);
    }
    ~ThreadScope() {
        if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
    }
    ThreadScope(const ThreadScope&) = delete;
    ThreadScope& operator=(const ThreadScope&) = delete;

private:
    int before_;
};

}  // namespace

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float beta, float* c,
              std::int64_t leading_c, int threads) {
    if (k == 0 && beta == 0.0F) {  // oneDNN leaves C as it is
        for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * leading_c, n, 0.0F);
        return;
    }
    const ThreadScope scope(threads);
    const dnnl_status_t status = dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0F,
                                            a.data, a.leading, b.data, b.leading, beta, c, leading_c);
    if (status != dnnl_success) {
        throw Error(ErrorCode::internal, fmt::format("product {}x{}x{}: oneDNN rejected it ({})", m, n, k,
                                                     static_cast<int>(status)));
    }
}

void multiply_bfloat16(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t leading_a,
                       Bfloat16Operand b, float beta, float* c, std::int64_t leading_c, int threads) {
    using namespace dnnl;
    const ThreadScope scope(threads);
    static thread_local engine cpu(engine::kind::cpu, 0);
    static thread_local stream queue(cpu);
    static thread_local std::vector<std::uint16_t> rounded;
    rounded.resize(static_cast<std::size_t>(m * k));
    parallel_blocks(threads, m, [&, to = rounded.data()](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) to_bfloat16(a + i * leading_a, k, to + i * k);
    });
    using dt = memory::data_type;
    const memory::desc a_desc({m, k}, dt::bf16, memory::dims{k, 1});
    const memory::desc b_desc({k, n}, dt::bf16,
                              b.transposed ? memory::dims{1, b.leading} : memory::dims{b.leading, 1});
    const memory::desc c_desc({m, n}, dt::f32, memory::dims{leading_c, 1});
    primitive_attr attributes;
    if (beta != 0.0F) {
        post_ops sum;
        sum.append_sum(beta);
        attributes.set_post_ops(sum);
    }
    try {
        // oneDNN caches primitives by description: creating one again is a look-up
        const matmul::desc description(a_desc, b_desc, c_desc);
        const matmul product(matmul::primitive_desc(description, attributes, cpu));
        memory a_memory(a_desc, cpu, rounded.data());
        memory b_memory(b_desc, cpu, const_cast<std::uint16_t*>(b.data));
        memory c_memory(c_desc, cpu, c);
        product.execute(queue,
                        {{DNNL_ARG_SRC, a_memory}, {DNNL_ARG_WEIGHTS, b_memory}, {DNNL_ARG_DST, c_memory}});
        queue.wait();
    } catch (const dnnl::error& failure) {
        throw Error(ErrorCode::internal, fmt::format("bfloat16 product: oneDNN failed ({})", failure.what()));
    }
}

std::string backend() {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
}

bool is_optimized() { return true; }
bool has_bfloat16() { return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core; }
bool multiplies_bfloat16() { return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_bf16; }

}  // namespace llmx::gemm

#else

#include <algorithm>

#include <llmx/error.hpp>
#include "core/parallel.hpp"

namespace llmx::gemm {

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Operand a, Operand b, float beta, float* c,
              std::int64_t leading_c, int threads) {
    parallel_blocks(threads, m, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t i = first; i < last; ++i) {
            float* out = c + i * leading_c;
            for (std::int64_t j = 0; j < n; ++j) out[j] = beta == 0.0F ? 0.0F : beta * out[j];
            for (std::int64_t l = 0; l < k; ++l) {
                const float x = a.transposed ? a.data[l * a.leading + i] : a.data[i * a.leading + l];
                const std::int64_t step = b.transposed ? b.leading : 1;
                const float* y = b.transposed ? b.data + l : b.data + l * b.leading;
                for (std::int64_t j = 0; j < n; ++j) out[j] += x * y[j * step];
            }
        }
    });
}

void multiply_bfloat16(std::int64_t, std::int64_t, std::int64_t, const float*, std::int64_t, Bfloat16Operand,
                       float, float*, std::int64_t, int) {
    throw Error(ErrorCode::unsupported, "`products` bfloat16: this build has no oneDNN; use float32");
}

std::string backend() { return "plain loops"; }
bool is_optimized() { return false; }
bool has_bfloat16() { return false; }
bool multiplies_bfloat16() { return false; }

}  // namespace llmx::gemm

#endif
