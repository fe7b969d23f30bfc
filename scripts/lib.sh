# Shared by the scripts. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# install PACKAGE COMMAND: installs a package of the system if the command is missing.
install() {
  command -v "$2" >/dev/null 2>&1 && return 0
  command -v apt-get >/dev/null 2>&1 || { echo "$2 is missing, and this is not a Debian system: install it by hand" >&2; return 1; }
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  if [ -z "${apt_updated:-}" ]; then
    $sudo apt-get update -qq
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$1" >/dev/null
  command -v "$2" >/dev/null 2>&1 || { echo "$1 is installed, but $2 is still missing" >&2; return 1; }
}
