#include "core/work.hpp"

namespace llmx {

Work& work() {
    static Work counted;
    return counted;
}

}  // namespace llmx
