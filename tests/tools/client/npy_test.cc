#include "tools/client/npy.h"

#include <cstring>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::client {
namespace {

// An npy file of version 1 with this header text and payload.
std::string Npy(const std::string& header, const std::string& payload) {
  std::string text = header + "\n";
  std::string file = "\x93NUMPY";
  file += '\1';
  file += '\0';
  file += static_cast<char>(text.size() & 0xFF);
  file += static_cast<char>(text.size() >> 8);
  return file + text + payload;
}

const std::string kVectors = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", std::string(24, '\1'));

TEST_CASE("ParseNpyHeader reads dtype, shape and the start of the data", "[tools][client]") {
  const NpyHeader vectors = REQUIRE_OK_AND_TAKE(ParseNpyHeader(kVectors));
  REQUIRE(vectors.dtype == "f4");
  REQUIRE(vectors.shape == std::vector<uint64_t>{2, 3});
  REQUIRE(kVectors.size() - vectors.data_offset == 24);
  const NpyHeader flags =
      REQUIRE_OK_AND_TAKE(ParseNpyHeader(Npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", "abc")));
  REQUIRE(flags.dtype == "b1");
  REQUIRE(flags.shape == std::vector<uint64_t>{3});
}

TEST_CASE("ParseNpyHeader refuses a file cut at any byte", "[tools][client]") {
  for (size_t size = 0; size < kVectors.size(); ++size) {
    CAPTURE(size);
    REQUIRE_STATUS(ParseNpyHeader(kVectors.substr(0, size)), absl::StatusCode::kDataLoss, "");
  }
  REQUIRE_STATUS(ParseNpyHeader(kVectors + "x"), absl::StatusCode::kDataLoss, "25 bytes of data");
}

TEST_CASE("ParseNpyHeader survives every single-byte change", "[tools][client]") {
  for (size_t at = 0; at < kVectors.size() - 24; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = kVectors;
      damaged[at] = static_cast<char>(byte);
      const absl::StatusOr<NpyHeader> header = ParseNpyHeader(damaged);
      if (!header.ok()) continue;
      CAPTURE(at, byte);
      REQUIRE(header->data_offset <= damaged.size());
      uint64_t bytes = header->item_bytes;
      for (const uint64_t size : header->shape) bytes *= size;
      REQUIRE(bytes == damaged.size() - header->data_offset);
    }
  }
}

TEST_CASE("ParseNpyHeader names what it does not support", "[tools][client]") {
  const auto parse = [](const std::string& header) { return ParseNpyHeader(Npy(header, "")); };
  REQUIRE_STATUS(parse("{'descr': '>f4', 'fortran_order': False, 'shape': (0,)}"), absl::StatusCode::kInvalidArgument, "big-endian");
  REQUIRE_STATUS(parse("{'descr': '|O', 'fortran_order': False, 'shape': (0,)}"), absl::StatusCode::kDataLoss, "dtype");
  REQUIRE_STATUS(parse("{'descr': '<U5', 'fortran_order': False, 'shape': (0,)}"), absl::StatusCode::kInvalidArgument, "<U5");
  REQUIRE_STATUS(parse("{'descr': '<f4', 'fortran_order': True, 'shape': (0,)}"), absl::StatusCode::kInvalidArgument, "Fortran");
  REQUIRE_STATUS(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 0)}"), absl::StatusCode::kInvalidArgument, "3 dimensions");
  REQUIRE_STATUS(parse("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,)}"), absl::StatusCode::kInvalidArgument, "records");
  REQUIRE_STATUS(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999)}"), absl::StatusCode::kDataLoss, "overflows");
  REQUIRE_STATUS(parse("{'descr': '<f4', 'shape': (0,)}"), absl::StatusCode::kDataLoss, "missing");
  REQUIRE_STATUS(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), absl::StatusCode::kDataLoss, "shape");
}

TEST_CASE("NpyFile hands out packed rows and names the file in its errors", "[tools][client]") {
  const cortex::testing::TempDir dir;
  std::string payload;
  for (float value = 0; value < 6; ++value) payload.append(reinterpret_cast<const char*>(&value), sizeof(value));
  std::ofstream(dir.File("v.npy"), std::ios::binary)
      << Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", payload);
  const NpyFile file = REQUIRE_OK_AND_TAKE(NpyFile::Open(dir.File("v.npy")));
  REQUIRE(file.row_count() == 2);
  REQUIRE(file.Rows(1, 1) == payload.substr(12));
  std::ofstream(dir.File("bad.npy")) << "hello";
  REQUIRE_STATUS(NpyFile::Open(dir.File("bad.npy")), absl::StatusCode::kDataLoss, "bad.npy");
  REQUIRE_STATUS(NpyFile::Open(dir.File("none.npy")), absl::StatusCode::kNotFound, "none.npy");
}

}  // namespace
}  // namespace cortex::client
