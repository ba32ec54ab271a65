// codec-report: what the encodings do to real columns, next to what else there is. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/codec_report/column.h"
#include "tools/codec_report/methods.h"
#include "tools/codec_report/sweep.h"

namespace cortex::codec_report {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool json = false;
  bool widen = false;
  bool ours_only = false;
  bool sweep = false;
  std::string contract = "lossless";
  int runs = 3;
};

// Files as they are, directories as the .npy and .csv files below them.
std::vector<std::string> Files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      const auto extension = entry.path().extension();
      if (extension == ".npy" || extension == ".csv") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void PrintText(const Result& result) {
  absl::PrintF("  %-20s %-16s %12d %9.2f %8.2f %10.3g %10.3g %9.3f %9.3f %8s\n", result.method, result.encodings,
               result.bytes, result.ratio(), result.bits_per_value(), result.max_error, result.rms_error,
               result.encode_gb_s, result.decode_gb_s,
               result.row_us.has_value() ? absl::StrFormat("%.3f", *result.row_us) : "-");
}

void PrintJson(const std::string& column, const std::string& type, const Result& result) {
  absl::PrintF(
      "{\"column\":\"%s\",\"type\":\"%s\",\"method\":\"%s\",\"encodings\":\"%s\",\"raw_bytes\":%d,\"bytes\":%d,"
      "\"ratio\":%.4f,\"bits_per_value\":%.4f,\"max_error\":%g,\"rms_error\":%g,\"encode_gb_per_s\":%.4f,"
      "\"decode_gb_per_s\":%.4f%s}\n",
      column, type, result.method, result.encodings, result.raw_bytes, result.bytes, result.ratio(),
      result.bits_per_value(), result.max_error, result.rms_error, result.encode_gb_s, result.decode_gb_s,
      result.row_us.has_value() ? absl::StrFormat(",\"row_us\":%.4f", *result.row_us) : "");
}

struct Candidate {
  std::unique_ptr<Method> method;
  bool lossless = true;
};

// Those of our methods and of the others that can hold the column's rows.
std::vector<Candidate> Candidates(ZptvContract contract, const Column& column, const Options& options) {
  std::vector<Candidate> all;
  if (contract.kind == ZptvContract::Kind::kLossless) {
    for (auto& ours : OurLosslessMethods()) all.push_back({std::move(ours)});
  } else {
    all.push_back({ContractMethod(contract, column.is_complex), false});
    if (!options.ours_only) all.push_back({ContractRival(contract, column.rows), false});
  }
  if (!options.ours_only) {
    for (auto& rival : LosslessRivals()) all.push_back({std::move(rival)});
  }
  std::erase_if(all, [&](const Candidate& candidate) {
    return candidate.method == nullptr || column.rows.row_count == 0 || !candidate.method->Holds(column.rows.shape);
  });
  return all;
}

absl::Status ReportColumn(const Column& column, const Options& options) {
  const ValueSpan& rows = column.rows;
  if (!options.json) {
    absl::PrintF("%s: %s, %d rows, %d bytes\n", column.name, column.TypeName(), rows.row_count, rows.byte_size());
  }
  ASSIGN_OR_RETURN(const ZptvContract contract, ParseContract(options.contract));
  for (const auto& [method, lossless] : Candidates(contract, column, options)) {
    ASSIGN_OR_RETURN(const Result result, Measure(*method, rows, lossless, options.runs));
    if (options.json) {
      PrintJson(column.name, column.TypeName(), result);
    } else {
      PrintText(result);
    }
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

std::string NameOf(ZptvContract contract) {
  constexpr const char* kNames[] = {"lossless", "abs", "rms", "row_l2", "point", "phase16"};
  const char* name = kNames[static_cast<size_t>(contract.kind)];
  if (contract.kind == ZptvContract::Kind::kLossless) return name;
  return absl::StrFormat("%s=%g", name, contract.bound);
}

// Errors: DATA_LOSS if a contract is broken, once all have been tried.
absl::Status SweepColumn(const Column& column, const Options& options) {
  const ValueSpan& rows = column.rows;
  uint64_t breaches = 0;
  for (const ZptvContract contract : SweptContracts(column)) {
    ASSIGN_OR_RETURN(const SweepResult result, SweepContract(column, contract));
    const double ratio = static_cast<double>(rows.byte_size()) / static_cast<double>(result.bytes);
    absl::PrintF(options.json ? "{\"column\":\"%s\",\"type\":\"%s\",\"contract\":\"%s\",\"ratio\":%.4f,\"max_error\":%g,"
                                "\"rms_error\":%g,\"numbers\":%d,\"violations\":%d}\n"
                              : "%-36s %-18s %-13s ratio %8.2f, error %9.3g max %9.3g rms, %d numbers, %d violations\n",
                 column.name, column.TypeName(), NameOf(contract), ratio, result.stated.max, result.stated.rms,
                 result.numbers, result.breaches);
    std::fflush(stdout);
    if (result.breaches == 0) continue;
    std::cerr << "codec-report: " << column.name << " under " << NameOf(contract) << ": first violation at value "
              << result.first_breach << "\n";
    breaches += result.breaches;
  }
  if (breaches == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("contracts are broken %d times in column %s", breaches, column.name));
}

absl::Status ReportFile(const std::string& path, const Options& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ColumnFile> file, OpenColumnFile(path, options.widen));
  for (const Column& column : file->columns()) {
    RETURN_IF_ERROR(options.sweep ? SweepColumn(column, options) : ReportColumn(column, options));
  }
  return absl::OkStatus();
}

int Run(const Options& options) {
  const std::vector<std::string> files = Files(options.paths);
  if (files.empty()) {
    std::cerr << "codec-report: no .npy or .csv file in what was named\n";
    return 1;
  }
  if (!options.json && !options.sweep) {
    absl::PrintF("  %-20s %-16s %12s %9s %8s %10s %10s %9s %9s %8s\n", "method", "encoding", "bytes", "ratio", "bits/val",
                 "max error", "rms error", "enc GB/s", "dec GB/s", "us/row");
  }
  int failed = 0;
  for (const std::string& file : files) {
    if (const absl::Status status = ReportFile(file, options); !status.ok()) {
      std::cerr << "codec-report: " << file << ": " << status.ToString() << "\n";
      failed = 1;
    }
  }
  return failed;
}

}  // namespace
}  // namespace cortex::codec_report

int main(int argc, char** argv) {
  cortex::codec_report::Options options;
  CLI::App app("Encodes every column of .npy and .csv files as the tiers would, and as other compressors do; prints sizes, "
               "errors and speeds on one core.");
  app.add_option("path", options.paths, "an .npy or .csv file, or a directory of them")->required()->check(CLI::ExistingPath);
  app.add_flag("--json", options.json, "one JSON object a line instead of a table");
  app.add_flag("--widen", options.widen, "read float32 and complex64 as float64 and complex128");
  app.add_flag("--ours-only", options.ours_only, "leave out the other compressors");
  app.add_option("--contract", options.contract,
                 "lossless, or abs=E, rms=E, row_l2=E, point=E, phase16=E: columns of floats as ZPTV stores them")
      ->capture_default_str();
  app.add_flag("--sweep", options.sweep,
               "columns of floats under every ZPTV contract at bounds from 0.25 to 1e-6, judged number by number: prints "
               "violations, exits with 1 if there is one");
  app.add_option("--runs", options.runs, "runs of which the best counts; decoding runs three times as often")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return cortex::codec_report::Run(options);
}
