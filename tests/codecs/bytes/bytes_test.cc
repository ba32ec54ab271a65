#include <catch2/catch.hpp>
#include <limits>

#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

TEST_CASE("ByteReader reads what ByteWriter put", "[codecs][bytes]") {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Put<uint8_t>(7);
  writer.Align(4);
  writer.Put<uint32_t>(0);
  writer.Put(-2.5);
  writer.PutString("text");
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, std::numeric_limits<uint64_t>::max()}) {
    writer.PutVarint(value);
  }
  writer.PatchAt(4, uint32_t{0xabcdef01});

  ByteReader reader(bytes);
  uint8_t small = 0;
  uint32_t patched = 0;
  double number = 0;
  std::string_view text;
  REQUIRE_OK(reader.Read(&small));
  REQUIRE_OK(reader.Align(4));
  REQUIRE_OK(reader.Read(&patched));
  REQUIRE_OK(reader.Read(&number));
  REQUIRE_OK(reader.ReadString(&text));
  REQUIRE((small == 7 && patched == 0xabcdef01 && number == -2.5 && text == "text"));
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, std::numeric_limits<uint64_t>::max()}) {
    uint64_t read = 0;
    REQUIRE_OK(reader.ReadVarint(&read));
    REQUIRE(read == value);
  }
  REQUIRE(reader.remaining() == 0);
}

TEST_CASE("ByteReader answers DATA_LOSS past the end and moves no further", "[codecs][bytes]") {
  const std::string bytes = "\x05zz";
  ByteReader reader(bytes);
  uint64_t wide = 0;
  std::string_view text;
  absl::Span<const std::byte> span;
  REQUIRE_STATUS(reader.Read(&wide), absl::StatusCode::kDataLoss, "8 bytes wanted at offset 0, 3 left");
  REQUIRE(reader.offset() == 0);
  REQUIRE_STATUS(reader.ReadBytes(std::numeric_limits<uint64_t>::max(), &span), absl::StatusCode::kDataLoss, "truncated");
  REQUIRE_STATUS(reader.ReadString(&text), absl::StatusCode::kDataLoss, "5 bytes wanted");
  REQUIRE_STATUS(reader.Align(64), absl::StatusCode::kDataLoss, "truncated");
  ByteReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  REQUIRE_STATUS(endless.ReadVarint(&wide), absl::StatusCode::kDataLoss, "longer than 10 bytes");
}

TEST_CASE("Buffer keeps its contents and alignment while it grows", "[codecs][bytes]") {
  Buffer buffer;
  for (uint32_t i = 0; i < 10000; ++i) buffer.AppendValue(i);
  REQUIRE(reinterpret_cast<uintptr_t>(buffer.data()) % Buffer::kAlignment == 0);
  for (uint32_t i = 0; i < 10000; ++i) REQUIRE(buffer.view<uint32_t>()[i] == i);
  Buffer moved = std::move(buffer);
  REQUIRE((moved.size() == 40000 && buffer.empty() && buffer.capacity() == 0));
}

TEST_CASE("Checksum64 is XXH3 and never changes", "[codecs][bytes]") {
  REQUIRE(Checksum64(std::string_view()) == 0x2d06800538d394c2u);
  REQUIRE(Checksum64(std::string_view("cortex")) == Checksum64(AsBytes("cortex")));
  REQUIRE(Checksum64(std::string_view("cortex")) != Checksum64(std::string_view("cortey")));
}

}  // namespace
}  // namespace cortex
