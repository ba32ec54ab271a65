#include "server/backup_path.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

namespace fs = std::filesystem;

TEST_CASE("BackupPath stays below the root", "[server][backup]") {
  TempDir directory;
  const std::string root = fs::canonical(directory.path()).string() + "/backups";
  CHECK(BackupPath(root, "", "directory").value() == root);
  CHECK(BackupPath(root, "nightly/", "directory").value() == root + "/nightly");
  CHECK(BackupPath(root, "./a//b", "directory").value() == root + "/a/b");
  for (const std::string& bad : std::vector<std::string>{"/etc", "..", "a/../../b", "a/..", std::string("a\0b", 3)}) {
    CAPTURE(bad);
    REQUIRE_STATUS(BackupPath(root, bad, "directory"), absl::StatusCode::kInvalidArgument, "directory must be a path below");
  }
  REQUIRE_STATUS(BackupPath("", "a", "directory"), absl::StatusCode::kFailedPrecondition, "set backup.dir");
}

TEST_CASE("BackupPath follows no link out of the root", "[server][backup]") {
  TempDir directory;
  const std::string root = fs::canonical(directory.path()).string() + "/backups";
  fs::create_directories(root + "/real/backup-000001/warm");
  fs::create_directories(directory.path() + "/outside");
  fs::create_symlink("../outside", root + "/out");
  fs::create_symlink("real", root + "/in");
  REQUIRE_STATUS(BackupPath(root, "out", "directory"), absl::StatusCode::kInvalidArgument, "leads out");
  REQUIRE_STATUS(BackupPath(root, "out/new", "directory"), absl::StatusCode::kInvalidArgument, "leads out");
  CHECK(BackupPath(root, "in/new", "directory").value() == root + "/real/new");
  // The root itself may be reached by a link.
  fs::create_directory_symlink(root, directory.path() + "/alias");
  CHECK(BackupPath(directory.path() + "/alias", "real", "directory").value() == root + "/real");

  CHECK(ExistingBackupPath(root, "real/backup-000001", "backup_directory").value() == root + "/real/backup-000001");
  REQUIRE_STATUS(ExistingBackupPath(root, "", "backup_directory"), absl::StatusCode::kInvalidArgument, "backup_directory is missing");
  fs::create_symlink("/etc/hostname", root + "/real/backup-000001/warm/x.seg");
  REQUIRE_STATUS(ExistingBackupPath(root, "real/backup-000001", "backup_directory"), absl::StatusCode::kInvalidArgument,
                 "symbolic link, which no backup does: warm/x.seg");
}

}  // namespace
}  // namespace cortex::testing
