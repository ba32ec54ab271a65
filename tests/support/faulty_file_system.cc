#include "tests/support/faulty_file_system.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::testing {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

// The bookkeeping itself must not fail, or the test would prove nothing.
void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "FaultyFileSystem: %s\n", status.ToString().c_str());
  std::abort();
}

// Puts `bytes` at `offset` of `image`.
void Apply(uint64_t offset, std::string_view bytes, std::string* image) {
  if (image->size() < offset + bytes.size()) image->resize(offset + bytes.size(), '\0');
  image->replace(offset, bytes.size(), bytes);
}

// A write of which every sector survives or not.
void ApplySectors(uint64_t offset, std::string_view bytes, std::minstd_rand* random, std::string* image) {
  while (!bytes.empty()) {
    const uint64_t count = std::min<uint64_t>(bytes.size(), kSectorBytes - offset % kSectorBytes);
    if ((*random)() % 2 == 0) Apply(offset, bytes.substr(0, count), image);
    offset += count;
    bytes.remove_prefix(count);
  }
}

}  // namespace

class FaultyWritableFile final : public WritableFile {
 public:
  FaultyWritableFile(FaultyFileSystem* fs, std::string path, std::unique_ptr<WritableFile> base,
                     std::shared_ptr<FaultyFileSystem::Inode> inode)
      : fs_(fs), path_(std::move(path)), base_(std::move(base)), inode_(std::move(inode)) {}

  absl::Status Append(absl::Span<const std::byte> bytes) override { return WriteAt(size(), {&bytes, 1}); }
  absl::Status WriteAt(uint64_t offset, absl::Span<const absl::Span<const std::byte>> pieces) override {
    std::string bytes;
    for (const auto piece : pieces) bytes.append(AsStringView(piece));
    return fs_->WriteTo(base_.get(), inode_.get(), path_, offset, std::move(bytes));
  }
  absl::Status Sync() override { return fs_->SyncTo(inode_.get(), path_); }
  absl::Status SyncAll() override { return fs_->SyncTo(inode_.get(), path_); }
  absl::Status Allocate(uint64_t size) override {
    return fs_->ResizeTo(base_.get(), inode_.get(), path_, size, FaultyFileSystem::UnsyncedChange::Kind::kAllocate);
  }
  absl::Status Truncate(uint64_t size) override {
    return fs_->ResizeTo(base_.get(), inode_.get(), path_, size, FaultyFileSystem::UnsyncedChange::Kind::kTruncate);
  }
  void StartWriteback(uint64_t offset, uint64_t size) override { base_->StartWriteback(offset, size); }
  absl::Status Close() override { return base_->Close(); }
  uint64_t size() const override { return base_->size(); }

 private:
  FaultyFileSystem* const fs_;
  const std::string path_;
  const std::unique_ptr<WritableFile> base_;
  const std::shared_ptr<FaultyFileSystem::Inode> inode_;
};

void FaultyFileSystem::FailAt(uint64_t operation, absl::Status status, bool sticky, uint64_t torn_bytes) {
  MutexLock lock(&mutex_);
  const uint64_t after = operation - std::min<uint64_t>(operation, operations_.size() + 1);
  faults_ = {{.part = "",
              .after = after,
              .count = 1,
              .status = status,
              .torn_bytes = torn_bytes}};
  if (!sticky) return;
  faults_.push_back({.part = "", .after = after + 1, .count = UINT64_MAX, .status = std::move(status)});
}

void FaultyFileSystem::Inject(InjectedFault fault) {
  MutexLock lock(&mutex_);
  faults_.push_back(std::move(fault));
}

uint64_t FaultyFileSystem::injected_count() const {
  MutexLock lock(&mutex_);
  return injected_count_;
}

void FaultyFileSystem::FailReads(std::string part, absl::Status status) {
  MutexLock lock(&mutex_);
  fail_reads_ = std::move(part);
  fail_reads_status_ = std::move(status);
}

void FaultyFileSystem::StopFailing() {
  MutexLock lock(&mutex_);
  faults_.clear();
  injected_count_ = 0;
  fail_reads_status_ = absl::OkStatus();
}

uint64_t FaultyFileSystem::operation_count() const {
  MutexLock lock(&mutex_);
  return operations_.size();
}

std::vector<std::string> FaultyFileSystem::operations() const {
  MutexLock lock(&mutex_);
  return operations_;
}

void FaultyFileSystem::LosePower(uint64_t seed) {
  std::minstd_rand random(static_cast<uint32_t>(seed * 2654435761u + 1));
  MutexLock lock(&mutex_);
  for (auto& [dir, changes] : unsynced_names_) {
    const size_t survivors = random() % (changes.size() + 1);
    for (size_t i = changes.size(); i > survivors; --i) {
      for (const NameChange& name : changes[i - 1]) Point(name.path, name.before);
    }
  }
  unsynced_names_.clear();
  for (auto& [path, inode] : inodes_) {
    if (inode->unsynced.empty()) continue;
    std::string image = std::exchange(inode->durable, {});
    for (const UnsyncedChange& change : std::exchange(inode->unsynced, {})) {
      const bool is_write = change.kind == UnsyncedChange::Kind::kWrite;
      const auto fate = random() % 3;  // lost, kept, or kept in part
      if (fate == 0) continue;
      if (is_write && fate == 1) Apply(change.offset, change.bytes, &image);
      if (is_write && fate == 2) ApplySectors(change.offset, change.bytes, &random, &image);
      if (change.kind == UnsyncedChange::Kind::kTruncate) image.resize(change.offset, '\0');
      if (change.kind == UnsyncedChange::Kind::kAllocate && image.size() < change.offset) {
        image.resize(change.offset, '\0');
      }
    }
    auto file = base_->OpenWritable(inode->stash_path, WriteMode::kTruncate);
    Check(file.status());
    Check((*file)->Append(AsBytes(image)));
  }
}

absl::Status FaultyFileSystem::Begin(const std::string& operation, bool grows, uint64_t* torn_bytes) {
  operations_.push_back(operation);
  absl::Status injected;
  for (InjectedFault& fault : faults_) {
    if ((fault.only_growth && !grows) || operation.find(fault.part) == std::string::npos) continue;
    if (!fault.but_not.empty() && operation.find(fault.but_not) != std::string::npos) continue;
    if (fault.after > 0) {
      --fault.after;
    } else if (fault.count > 0) {
      --fault.count;
      if (!injected.ok()) continue;
      if (torn_bytes != nullptr) *torn_bytes = fault.torn_bytes;
      injected = absl::Status(fault.status.code(), operation + ": " + std::string(fault.status.message()));
    }
  }
  if (!injected.ok()) ++injected_count_;
  return injected;
}

absl::Status FaultyFileSystem::CheckRead(const std::string& path) const {
  MutexLock lock(&mutex_);
  if (fail_reads_status_.ok() || path.find(fail_reads_) == std::string::npos) return absl::OkStatus();
  return absl::Status(fail_reads_status_.code(), "read " + path + ": " + std::string(fail_reads_status_.message()));
}

std::shared_ptr<FaultyFileSystem::Inode> FaultyFileSystem::InodeOf(const std::string& path) {
  if (const auto known = inodes_.find(path); known != inodes_.end()) return known->second;
  const auto info = base_->Stat(path);
  if (!info.ok() || info->is_dir) return nullptr;
  auto inode = std::make_shared<Inode>();
  inode->stash_path = stash_.File(std::to_string(next_stash_++));
  Check(base_->HardLink(path, inode->stash_path));
  inodes_[path] = inode;
  return inode;
}

void FaultyFileSystem::Point(const std::string& path, const std::shared_ptr<Inode>& inode) {
  const absl::Status removed = base_->Remove(path);
  if (!absl::IsNotFound(removed)) Check(removed);
  inodes_.erase(path);
  if (inode == nullptr) return;
  Check(base_->HardLink(inode->stash_path, path));
  inodes_[path] = inode;
}

void FaultyFileSystem::NoteNames(const std::string& dir, DirChange change) {
  for (const NameChange& name : change) {
    if (name.after == nullptr) {
      inodes_.erase(name.path);
    } else {
      inodes_[name.path] = name.after;
    }
  }
  unsynced_names_[dir].push_back(std::move(change));
}

void FaultyFileSystem::NoteChange(Inode* inode, UnsyncedChange change) {
  if (inode->unsynced.empty()) {
    auto bytes = ReadFile(base_, inode->stash_path, kMaxFileBytes);
    Check(bytes.status());
    inode->durable = *std::move(bytes);
  }
  inode->unsynced.push_back(std::move(change));
}

absl::Status FaultyFileSystem::WriteTo(WritableFile* file, Inode* inode, const std::string& path, uint64_t offset,
                                       std::string bytes) {
  MutexLock lock(&mutex_);
  uint64_t torn_bytes = 0;
  const auto size_now = base_->FileSize(inode->stash_path);
  Check(size_now.status());
  const absl::Status injected = Begin("write " + path, offset + bytes.size() > *size_now, &torn_bytes);
  if (!injected.ok()) bytes.resize(std::min<uint64_t>(bytes.size(), torn_bytes));
  if (!bytes.empty()) {
    NoteChange(inode, {UnsyncedChange::Kind::kWrite, offset, bytes});
    const absl::Span<const std::byte> piece = AsBytes(bytes);
    RETURN_IF_ERROR(file->WriteAt(offset, {&piece, 1}));
  }
  return injected;
}

absl::Status FaultyFileSystem::ResizeTo(WritableFile* file, Inode* inode, const std::string& path, uint64_t size,
                                        UnsyncedChange::Kind kind) {
  MutexLock lock(&mutex_);
  const bool truncate = kind == UnsyncedChange::Kind::kTruncate;
  RETURN_IF_ERROR(Begin((truncate ? "truncate " : "allocate ") + path, /*grows=*/!truncate));
  NoteChange(inode, {kind, size, ""});
  return truncate ? file->Truncate(size) : file->Allocate(size);
}

absl::Status FaultyFileSystem::SyncTo(Inode* inode, const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("sync " + path, false));
  // Nothing is asked of the real disk: what survives is simulated, and tests that sync thousands of times stay fast.
  inode->unsynced.clear();
  inode->durable.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ReadableFile>> FaultyFileSystem::OpenReadable(const std::string& path) {
  RETURN_IF_ERROR(CheckRead(path));
  return base_->OpenReadable(path);
}

absl::StatusOr<std::unique_ptr<WritableFile>> FaultyFileSystem::OpenWritable(const std::string& path, WriteMode mode) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("open " + path, !base_->Stat(path).ok()));
  const std::shared_ptr<Inode> before = InodeOf(path);
  if (before != nullptr && mode == WriteMode::kTruncate) NoteChange(before.get(), {UnsyncedChange::Kind::kTruncate});
  ASSIGN_OR_RETURN(auto file, base_->OpenWritable(path, mode));
  std::shared_ptr<Inode> inode = before;
  if (before == nullptr) {
    inode = InodeOf(path);
    NoteNames(DirName(path), {{path, nullptr, inode}});
  }
  return std::make_unique<FaultyWritableFile>(this, path, std::move(file), std::move(inode));
}

absl::StatusOr<std::unique_ptr<FileMapping>> FaultyFileSystem::Map(const std::string& path) {
  RETURN_IF_ERROR(CheckRead(path));
  return base_->Map(path);
}

absl::Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("rename " + from + " to " + to, false));
  const std::shared_ptr<Inode> moved = InodeOf(from);
  const std::shared_ptr<Inode> replaced = InodeOf(to);
  RETURN_IF_ERROR(base_->Rename(from, to));
  if (moved == nullptr) return absl::OkStatus();  // a directory
  NoteNames(DirName(to), {{from, moved, nullptr}, {to, replaced, moved}});
  if (DirName(from) != DirName(to)) unsynced_names_[DirName(to)].pop_back();
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::HardLink(const std::string& from, const std::string& to) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("link " + from + " to " + to, true));
  const std::shared_ptr<Inode> inode = InodeOf(from);
  RETURN_IF_ERROR(base_->HardLink(from, to));
  NoteNames(DirName(to), {{to, nullptr, inode}});
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::Remove(const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("remove " + path, false));
  const std::shared_ptr<Inode> inode = InodeOf(path);
  RETURN_IF_ERROR(base_->Remove(path));
  NoteNames(DirName(path), {{path, inode, nullptr}});
  return absl::OkStatus();
}

absl::Status FaultyFileSystem::RemoveDir(const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("remove directory " + path, false));
  unsynced_names_.erase(path);
  return base_->RemoveDir(path);
}

absl::Status FaultyFileSystem::CreateDir(const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("create directory " + path, true));
  return base_->CreateDir(path);
}

absl::Status FaultyFileSystem::CreateDirs(const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("create directories " + path, false));
  return base_->CreateDirs(path);
}

absl::Status FaultyFileSystem::SyncDir(const std::string& path) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(Begin("sync directory " + path, false));
  RETURN_IF_ERROR(base_->Stat(path).status());
  unsynced_names_.erase(path);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DirEntry>> FaultyFileSystem::ListDir(const std::string& path) {
  RETURN_IF_ERROR(CheckRead(path));
  return base_->ListDir(path);
}

absl::StatusOr<FileInfo> FaultyFileSystem::Stat(const std::string& path) { return base_->Stat(path); }

void FaultyFileSystem::SetFreeSpace(std::string part, uint64_t free_bytes) {
  MutexLock lock(&mutex_);
  free_space_.emplace_back(std::move(part), free_bytes);
}

absl::StatusOr<SpaceInfo> FaultyFileSystem::FreeSpace(const std::string& path) {
  absl::StatusOr<SpaceInfo> space = base_->FreeSpace(path);
  MutexLock lock(&mutex_);
  if (!space.ok()) return space;
  for (const auto& [part, free_bytes] : free_space_) {
    if (path.find(part) != std::string::npos) space->free_bytes = free_bytes;
  }
  return space;
}

absl::StatusOr<std::unique_ptr<FileLock>> FaultyFileSystem::LockFile(const std::string& path) {
  return base_->LockFile(path);
}

}  // namespace cortex::testing
