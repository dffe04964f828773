#!/usr/bin/env bash
# Installs the system packages that building and drawing need, where they are missing. Debian and Ubuntu: through apt, as
# root or with sudo that asks nothing; elsewhere it prints the command and stops.
# Usage: tools/setup.sh
set -eu
PATH=$PATH:/usr/sbin:/sbin               # where ldconfig lies, which people who are not root have not on their path
need=()
have() { command -v "$1" >/dev/null 2>&1; }
lib() { ldconfig -p 2>/dev/null | grep -q "$1"; }

have cmake || need+=(cmake)               # builds PROJ
have sqlite3 || need+=(sqlite3)           # builds PROJ's database
have pkg-config || need+=(pkg-config)
have c++ || need+=(g++)
# The viewer's window (X11) and, on machines without a graphics card, Vulkan on the processor.
lib libvulkan.so.1 || need+=(libvulkan1)
lib libX11.so.6 || need+=(libx11-6)
lib libX11-xcb.so.1 || need+=(libx11-xcb1)
lib libXcursor.so.1 || need+=(libxcursor1)
lib libXi.so.6 || need+=(libxi6)
lib libXrandr.so.2 || need+=(libxrandr2)
lib libxkbcommon-x11.so.0 || need+=(libxkbcommon-x11-0)
{ compgen -G '/usr/share/vulkan/icd.d/*.json' || compgen -G '/etc/vulkan/icd.d/*.json'; } >/dev/null || need+=(mesa-vulkan-drivers)
[ ${#need[@]} -eq 0 ] && exit 0

if ! have apt-get; then
  echo "Qike needs these packages (Debian's names): ${need[*]}" >&2
  echo "Install them with your system's package manager, then run the command again." >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then as=""; elif have sudo && sudo -n true 2>/dev/null; then as="sudo"; else
  echo "Qike needs some system packages. Please run:" >&2
  echo "  sudo apt-get install -y --no-install-recommends ${need[*]}" >&2
  exit 1
fi
echo "installing: ${need[*]}"
export DEBIAN_FRONTEND=noninteractive
$as apt-get update -qq
$as apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
