#include "storage/backup/backup_manifest.h"

#include <catch2/catch.hpp>

#include "codecs/bytes/byte_writer.h"
#include "storage/backup/sha256.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using enum absl::StatusCode;

BackupManifest Example() {
  BackupManifest manifest;
  manifest.server_id = 0x0123456789abcdef;
  manifest.commit = 42;
  manifest.manifest_version = 7;
  manifest.created_ns = 1'700'000'000'000'000'000;
  manifest.files = {{"meta/CURRENT", 16, std::string(64, 'a')}, {"wal/wal 1.log", 0, std::string(64, '0')}};
  return manifest;
}

std::string Digest(std::string_view text) {
  Sha256 sha;
  sha.Update(AsBytes(text));
  return sha.Finish();
}

// The text with its last line made anew, as a newer program would write it.
std::string Resealed(std::string text) {
  text = text.substr(0, text.rfind("end "));
  return text + "end " + Digest(text) + "\n";
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("Sha256 gives the digests of the standard", "[storage][backup]") {
  CHECK(Digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("BackupManifest comes back as it was written", "[storage][backup]") {
  const BackupManifest manifest = Example();
  const BackupManifest read = REQUIRE_OK_AND_TAKE(DecodeBackupManifest(EncodeBackupManifest(manifest)));
  CHECK(read.server_id == manifest.server_id);
  CHECK(read.commit == 42);
  CHECK(read.manifest_version == 7);
  CHECK(read.created_ns == manifest.created_ns);
  CHECK(read.files == manifest.files);
  CHECK(read.total_bytes() == 16);
  CHECK(read.Find("meta/CURRENT") != nullptr);
  CHECK(read.Find("meta/nothing") == nullptr);
}

TEST_CASE("BackupManifest refuses any changed or missing byte", "[storage][backup]") {
  const std::string text = EncodeBackupManifest(Example());
  for (size_t i = 0; i < text.size(); ++i) {
    CAPTURE(i);
    CHECK_FALSE(DecodeBackupManifest(text.substr(0, i)).ok());
    std::string changed = text;
    changed[i] ^= 1;
    CHECK_FALSE(DecodeBackupManifest(changed).ok());
  }
  CHECK_FALSE(DecodeBackupManifest(text + "x").ok());
}

TEST_CASE("BackupManifest refuses newer formats, unknown features and paths that lead elsewhere", "[storage][backup]") {
  const std::string text = EncodeBackupManifest(Example());
  REQUIRE_STATUS(DecodeBackupManifest(Resealed(Replaced(text, "backup 1", "backup 2"))).status(), kFailedPrecondition,
                 "format 2");
  REQUIRE_STATUS(DecodeBackupManifest(Resealed(Replaced(text, "features 0", "features 6"))).status(),
                 kFailedPrecondition, "unknown features 0x6");
  for (const char* path : {"meta/../x", "/etc/passwd", "meta/", "other/x", "meta/..", "x"}) {
    CAPTURE(path);
    REQUIRE_STATUS(DecodeBackupManifest(Resealed(Replaced(text, "meta/CURRENT", path))).status(), kDataLoss, "path");
  }
}

}  // namespace cortex
