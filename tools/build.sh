# Shell functions shared by tools/test, tools/demo and tools/bench. Sourced from the repository root.

# Compilations to run at once: every core, but no more than memory allows at 2 GiB each.
build_jobs() {
  cores=$(nproc)
  by_memory=$(awk '/^MemAvailable/ {print int($2 / 2097152)}' /proc/meminfo)
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  if [ "$by_memory" -lt "$cores" ]; then echo "$by_memory"; else echo "$cores"; fi
}

# build_preset PRESET [TARGET...] configures and builds build/PRESET. ninja shows [done/total seconds].
build_preset() {
  preset_name=$1
  shift
  launcher=
  if command -v ccache >/dev/null; then launcher=-DCMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
  cmake --preset "$preset_name" $launcher >build-configure.log 2>&1 || {
    cat build-configure.log >&2
    rm -f build-configure.log
    return 1
  }
  mv build-configure.log "build/$preset_name/configure.log"
  NINJA_STATUS='[%f/%t %es] ' cmake --build "build/$preset_name" --parallel "$(build_jobs)" ${1:+--target "$@"}
}
