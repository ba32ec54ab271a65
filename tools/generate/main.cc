// cortex-generate: writes a table directory of generated rows.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/generate/table_writer.h"

int main(int argc, char** argv) {
  cortex::generate::GeneratorOptions options;
  std::string root, table = "generated_fields";
  CLI::App app("Makes clustered, slowly drifting rows, a pure function of seed and row, as a directory that cortexctl ingests.",
               "cortex-generate");
  app.add_option("output", root, "Directory to make the table directory in")->required();
  app.add_option("--table", table, "Name of the table (css_fields: the built-in one)")->capture_default_str();
  app.add_option("--rows", options.row_count, "Number of rows")->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))->capture_default_str();
  app.add_option("--seed", options.seed, "Seed")->capture_default_str();
  app.add_flag("--vectors", options.vectors, "Also fields and vectors: 7.7 kB a row");
  CLI11_PARSE(app, argc, argv);
  const cortex::generate::Generator generator(options);
  const absl::Status status = WriteTableDirectory(generator, root, table, [&](uint64_t done) {
    std::fprintf(stderr, "\rcortex-generate: %llu of %llu rows", static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(options.row_count));
  });
  std::fprintf(stderr, "\n");
  if (!status.ok()) std::fprintf(stderr, "cortex-generate: %s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
