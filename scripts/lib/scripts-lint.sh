# shellcheck shell=bash
# Sourced by scripts/lint: checks of what is not C++. Each function fails on the first kind of mistake it finds.

lint_packages=(shellcheck node-typescript)

# check_shell: shellcheck over our shell scripts.
check_shell() {
    local scripts=(.ci/run) libraries file
    for file in scripts/*; do [[ -f $file ]] && scripts+=("$file"); done
    mapfile -t libraries < <(find scripts/lib -name '*.sh' | sort)
    say "shellcheck: $((${#scripts[@]} + ${#libraries[@]})) files"
    shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}"
    # Libraries set variables for the scripts that source them (SC2034), and read what others set (SC2154).
    shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2034,SC2154 "${libraries[@]}"
}

# check_javascript: TypeScript's compiler over the page's scripts, which stay plain JavaScript (types.d.ts).
check_javascript() {
    local project
    project=$(find src -name jsconfig.json)
    [[ -n $project ]] || fail "jsconfig.json: not found below src; expected it beside the page's scripts"
    say "tsc: $(find "$(dirname "$project")" -name '*.js' | wc -l) files"
    tsc --project "$project"
}

# check_python: ruff over all our Python, then mypy; both are configured in pyproject.toml.
check_python() {
    need_environment lint "$root/scripts/lib/lint-requirements.txt" --no-deps --require-hashes --only-binary :all:
    local bin
    bin=$(dirname "$environment_python")
    say "ruff: $("$bin/ruff" check --show-files | wc -l) files"
    "$bin/ruff" check --quiet
    check_types "$bin/mypy"
}

# check_types MYPY: mypy --strict over the package as it is built (its extension module's stub is generated), then
# plain mypy over the code that uses it. Each folder is a run of its own, as tests import each other by bare names. In
# tests, bodies of functions without annotations are not checked: fixtures set attributes that mypy cannot see.
check_types() {
    need_python
    configure release -DLLMX_PYTHON=ON "-DPython_EXECUTABLE=$package_python"
    build release llmx_python_stub
    local mypy=("$1" --python-executable "$package_python" --cache-dir "$root/build/mypy") folder
    local built=$root/build/release/python
    say "mypy --strict: the package"
    MYPYPATH=$built "${mypy[@]}" --strict --package explainer
    for folder in examples/python bench scripts; do
        say "mypy: $folder"
        MYPYPATH=$built "${mypy[@]}" --check-untyped-defs "$folder"
    done
    for folder in tests/python tests/parity tests/serve tests/browser; do
        say "mypy: $folder"
        MYPYPATH=$built:$root/$folder:$root/tests/serve:$root/tests/python "${mypy[@]}" "$folder"
    done
    say "mypy --strict: a user's file"
    MYPYPATH=$built "${mypy[@]}" --strict tests/python/typed_user.py
}
