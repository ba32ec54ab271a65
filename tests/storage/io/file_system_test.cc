#include "storage/io/file_system.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

#include "codecs/bytes/byte_writer.h"
#include "storage/io/directory_tree.h"
#include "storage/io/durable_file.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

std::string Load(const std::string& path) { return REQUIRE_OK_AND_TAKE(ReadFile(PosixFileSystem(), path, 1 << 20)); }

void Store(const std::string& path, std::string_view bytes, WriteMode mode = WriteMode::kTruncate) {
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(path, mode));
  REQUIRE_OK(file->Append(AsBytes(bytes)));
  REQUIRE_OK(file->Close());
}

}  // namespace

TEST_CASE("FileSystem opens files in each mode", "[storage][io]") {
  const TempDir dir;
  const std::string path = dir.File("f");
  FileSystem* const fs = PosixFileSystem();
  REQUIRE_STATUS(fs->OpenWritable(path, WriteMode::kExisting), absl::StatusCode::kNotFound, "open " + path);
  Store(path, "one", WriteMode::kCreateNew);
  REQUIRE_STATUS(fs->OpenWritable(path, WriteMode::kCreateNew), absl::StatusCode::kAlreadyExists, path);
  Store(path, "two", WriteMode::kAppend);
  REQUIRE(Load(path) == "onetwo");
  Store(path, "three", WriteMode::kExisting);
  REQUIRE(Load(path) == "onetwothree");
  Store(path, "four", WriteMode::kTruncate);
  REQUIRE(Load(path) == "four");
}

TEST_CASE("WritableFile writes pieces at a place, allocates zeros and truncates", "[storage][io]") {
  const TempDir dir;
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(dir.File("f"), WriteMode::kCreateNew));
  REQUIRE_OK(file->Allocate(16));
  REQUIRE(file->size() == 0);
  REQUIRE(Load(dir.File("f")) == std::string(16, '\0'));
  const std::vector<absl::Span<const std::byte>> pieces = {AsBytes("ab"), {}, AsBytes("cde"), {}};
  REQUIRE_OK(file->WriteAt(4, pieces));
  REQUIRE(file->size() == 9);
  REQUIRE_OK(file->Append(AsBytes("!")));
  REQUIRE(Load(dir.File("f")) == std::string("\0\0\0\0abcde!\0\0\0\0\0\0", 16));
  REQUIRE_OK(file->Truncate(6));
  REQUIRE_OK(file->Append(AsBytes("z")));
  REQUIRE_OK(file->Sync());
  REQUIRE_OK(file->SyncAll());
  REQUIRE(Load(dir.File("f")) == std::string("\0\0\0\0abz", 7));
}

TEST_CASE("WritableFile writes more pieces than one system call takes", "[storage][io]") {
  const TempDir dir;
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(dir.File("f"), WriteMode::kCreateNew));
  std::string expected;
  for (int i = 0; i < 3000; ++i) expected += std::to_string(i);
  std::vector<absl::Span<const std::byte>> pieces;
  for (size_t i = 0; i < expected.size(); i += 3) pieces.push_back(AsBytes(std::string_view(expected).substr(i, 3)));
  REQUIRE(pieces.size() > 1024);
  REQUIRE_OK(file->WriteAt(0, pieces));
  REQUIRE(Load(dir.File("f")) == expected);
}

TEST_CASE("ReadableFile reads short only at the end of the file", "[storage][io]") {
  const TempDir dir;
  Store(dir.File("f"), "0123456789");
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenReadable(dir.File("f")));
  std::string scratch(8, '.');
  auto* const bytes = reinterpret_cast<std::byte*>(scratch.data());
  REQUIRE(REQUIRE_OK_AND_TAKE(file->ReadAt(1, 8, bytes)) == 8);
  REQUIRE(scratch == "12345678");
  REQUIRE(REQUIRE_OK_AND_TAKE(file->ReadAt(7, 8, bytes)) == 3);
  REQUIRE(REQUIRE_OK_AND_TAKE(file->ReadAt(10, 8, bytes)) == 0);
  REQUIRE(REQUIRE_OK_AND_TAKE(file->Size()) == 10);
  REQUIRE_STATUS(ReadFile(PosixFileSystem(), dir.File("f"), 9), absl::StatusCode::kDataLoss, "too long");
}

TEST_CASE("FileSystem renames, links, lists and removes", "[storage][io]") {
  const TempDir dir;
  FileSystem* const fs = PosixFileSystem();
  Store(dir.File("b"), "b");
  Store(dir.File("a"), "a");
  REQUIRE_OK(fs->HardLink(dir.File("a"), dir.File("c")));
  REQUIRE_STATUS(fs->HardLink(dir.File("a"), dir.File("b")), absl::StatusCode::kAlreadyExists, "link");
  REQUIRE_OK(fs->Rename(dir.File("a"), dir.File("b")));
  REQUIRE(Load(dir.File("b")) == "a");
  REQUIRE_OK(fs->CreateDirs(dir.File("d/e/f/")));
  REQUIRE_OK(fs->CreateDirs(dir.File("d/e")));
  REQUIRE_STATUS(fs->CreateDirs(dir.File("b")), absl::StatusCode::kFailedPrecondition, "create directory");
  REQUIRE_STATUS(fs->CreateDir(dir.File("d")), absl::StatusCode::kAlreadyExists, "create directory");
  REQUIRE_STATUS(fs->RemoveDir(dir.File("d")), absl::StatusCode::kFailedPrecondition, "remove");
  const auto entries = REQUIRE_OK_AND_TAKE(fs->ListDir(dir.path()));
  REQUIRE(entries.size() == 3);
  REQUIRE((entries[0].name == "b" && !entries[0].is_dir));
  REQUIRE((entries[2].name == "d" && entries[2].is_dir));
  REQUIRE_OK(fs->Remove(dir.File("c")));
  REQUIRE_STATUS(fs->Remove(dir.File("c")), absl::StatusCode::kNotFound, "remove " + dir.File("c"));
  REQUIRE_FALSE(REQUIRE_OK_AND_TAKE(fs->Exists(dir.File("c"))));
  REQUIRE(REQUIRE_OK_AND_TAKE(fs->FileSize(dir.File("b"))) == 1);
  REQUIRE_OK(fs->SyncDir(dir.path()));
  REQUIRE(REQUIRE_OK_AND_TAKE(fs->FreeSpace(dir.path())).free_bytes > 0);
}

TEST_CASE("FileSystem locks a file once, also inside one process", "[storage][io]") {
  const TempDir dir;
  auto lock = REQUIRE_OK_AND_TAKE(PosixFileSystem()->LockFile(dir.File("LOCK")));
  REQUIRE_STATUS(PosixFileSystem()->LockFile(dir.File("LOCK")), absl::StatusCode::kFailedPrecondition,
                 "another cortexd holds " + dir.File("LOCK"));
  lock.reset();
  REQUIRE_OK(PosixFileSystem()->LockFile(dir.File("LOCK")));
}

TEST_CASE("ErrnoToStatus says verb, path and reason under a canonical code", "[storage][io]") {
  REQUIRE_STATUS(ErrnoToStatus(ENOSPC, "write", "/x"), absl::StatusCode::kResourceExhausted, "write /x: No space left");
  REQUIRE_STATUS(ErrnoToStatus(EROFS, "open", "/x"), absl::StatusCode::kPermissionDenied, "open /x");
  REQUIRE_STATUS(ErrnoToStatus(EIO, "read", "/x"), absl::StatusCode::kDataLoss, "read /x");
  REQUIRE_STATUS(ErrnoToStatus(EMLINK, "link", "/x"), absl::StatusCode::kFailedPrecondition, "link /x: Too many links");
  REQUIRE_STATUS(ErrnoToStatus(EPIPE, "read", "/x"), absl::StatusCode::kInternal, "read /x");
}

TEST_CASE("WriteFileDurably replaces a file and leaves no temporary one", "[storage][io]") {
  const TempDir dir;
  REQUIRE_OK(WriteFileDurably(PosixFileSystem(), dir.File("f"), AsBytes("first")));
  REQUIRE_OK(WriteFileDurably(PosixFileSystem(), dir.File("f"), AsBytes("second")));
  REQUIRE(Load(dir.File("f")) == "second");
  REQUIRE(REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.path())).size() == 1);
}

TEST_CASE("RemoveTree removes links and leaves what they lead to", "[storage][io]") {
  const TempDir dir;
  FileSystem* const fs = PosixFileSystem();
  REQUIRE_OK(fs->CreateDirs(dir.File("outside/kept")));
  Store(dir.File("outside/kept/file"), "x");
  REQUIRE_OK(fs->CreateDirs(dir.File("tree/below")));
  Store(dir.File("tree/below/file"), "x");
  std::filesystem::create_directory_symlink(dir.File("outside"), dir.File("tree/below/to_directory"));
  std::filesystem::create_symlink(dir.File("outside/kept/file"), dir.File("tree/below/to_file"));
  std::filesystem::create_symlink(dir.File("nowhere"), dir.File("tree/below/to_nothing"));
  std::filesystem::create_directory_symlink(dir.File("outside"), dir.File("link"));
  REQUIRE_OK(RemoveTree(fs, dir.File("tree")));
  REQUIRE_OK(RemoveTree(fs, dir.File("link")));
  REQUIRE_OK(RemoveTree(fs, dir.File("tree")));  // gone already
  CHECK_FALSE(std::filesystem::exists(dir.File("tree")));
  CHECK_FALSE(std::filesystem::is_symlink(dir.File("link")));
  CHECK(Load(dir.File("outside/kept/file")) == "x");
}

TEST_CASE("Paths are joined and split at slashes", "[storage][io]") {
  REQUIRE(JoinPath("/a", "b") == "/a/b");
  REQUIRE(JoinPath("/a/", "b") == "/a/b");
  REQUIRE(JoinPath("", "b") == "b");
  REQUIRE(DirName("/a/b") == "/a");
  REQUIRE(DirName("/a") == "/");
  REQUIRE(DirName("a") == ".");
}

}  // namespace cortex::testing
