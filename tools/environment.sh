#!/usr/bin/env bash
# Create the virtual environment and install everything into it.
#
#     tools/environment.sh FOLDER
#
# Takes the Python named by $PYTHON, or the first suitable one on the path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-.venv}

fail() {
    printf '\nerror: %s\n' "$@" >&2
    exit 1
}

suitable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        suitable "$PYTHON" || fail "PYTHON=$PYTHON is not a Python from 3.11 to 3.14."
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null && suitable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python from 3.11 to 3.14 found (python3 is: $(python3 --version 2>&1 || echo missing)).
Install one, or name it: make PYTHON=/path/to/python3.12"
}

# As root, or with sudo that asks for no password; otherwise fails without doing anything.
install_debian_package() {
    command -v apt-get >/dev/null || return 1
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        sudo=(sudo -n)
    fi
    "${sudo[@]}" apt-get update -q >&2 || true
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

python=$(find_python)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# Debian ships the module that creates environments in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "Python $version cannot create environments yet: installing its venv package."
    install_debian_package "python$version-venv" || install_debian_package python3-venv ||
        fail "Python $version lacks the modules venv and ensurepip.
On Debian or Ubuntu: sudo apt-get install python$version-venv"
    "$python" -c 'import ensurepip, venv' || fail "the modules venv and ensurepip are still missing."
fi

echo "Creating $folder with Python $version."
"$python" -m venv --clear "$folder"
bin=$folder/bin
[ -d "$bin" ] || bin=$folder/Scripts
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$bin/python" -m pip install --quiet --requirement requirements.txt --editable .
"$bin/python" -m pip check
