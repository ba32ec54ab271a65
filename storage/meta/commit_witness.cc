#include "storage/meta/commit_witness.h"

#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

// u64 version (0: none), u64 checksum of those eight bytes. There are two, both sound and synced when the file is opened,
// then written by turns. A process ends with the first write that fails, so whatever a power cut takes, one slot checks.
constexpr size_t kSlotBytes = 16;
constexpr size_t kSlots = 2;

std::string Encode(uint64_t version) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Put(version);
  writer.Put(Checksum64(std::string_view(bytes)));
  return bytes;
}

// What the slots say; a slot that is cut short or zero was not written.
struct Slots {
  std::array<std::optional<uint64_t>, kSlots> versions;  // of those that check
  bool damaged = false;                                  // one of them does not

  size_t newest() const { return versions[0] > versions[1] ? 0 : 1; }
  std::optional<uint64_t> version() const { return versions[newest()]; }
};

absl::StatusOr<Slots> ReadSlots(FileSystem* file_system, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file_system, path, kSlots * kSlotBytes));
  Slots slots;
  for (size_t i = 0; (i + 1) * kSlotBytes <= bytes.size(); ++i) {
    const std::string_view slot = std::string_view(bytes).substr(i * kSlotBytes, kSlotBytes);
    if (slot.find_first_not_of('\0') == std::string_view::npos) continue;
    uint64_t version = 0;
    RETURN_IF_ERROR(ByteReader(slot).Read(&version));
    if (slot != Encode(version)) {
      slots.damaged = true;
    } else {
      slots.versions[i] = version;
    }
  }
  return slots;
}

}  // namespace

absl::StatusOr<CommitWitness> CommitWitness::Open(FileSystem* file_system, const std::string& dir, bool reset) {
  std::string path = JoinPath(dir, "COMMITTED");
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   file_system->OpenWritable(path, reset ? WriteMode::kTruncate : WriteMode::kAppend));
  ASSIGN_OR_RETURN(const Slots slots, ReadSlots(file_system, path));
  CommitWitness witness(file_system, std::move(path), std::move(file), 1 - slots.newest());
  // What does not check at all is evidence, and stays.
  if (slots.version().has_value() || !slots.damaged) RETURN_IF_ERROR(witness.Settle(slots.versions, slots.version()));
  return witness;
}

absl::Status CommitWitness::Settle(absl::Span<const std::optional<uint64_t>> versions,
                                   std::optional<uint64_t> newest) {
  for (size_t i = 0; i < kSlots; ++i) {
    if (!versions[i].has_value()) RETURN_IF_ERROR(WriteSlot(i, newest.value_or(0)));
  }
  return file_->Sync();
}

CommitWitness::CommitWitness(FileSystem* file_system, std::string path, std::unique_ptr<WritableFile> file,
                             size_t next_slot)
    : file_system_(file_system), path_(std::move(path)), file_(std::move(file)), next_slot_(next_slot) {}

absl::StatusOr<std::optional<uint64_t>> CommitWitness::Read() const {
  ASSIGN_OR_RETURN(const Slots slots, ReadSlots(file_system_, path_));
  if (!slots.version().has_value() && slots.damaged) {
    return absl::DataLossError(absl::StrFormat("checksum mismatch: %s", path_));
  }
  return slots.version() == 0 ? std::nullopt : slots.version();
}

absl::Status CommitWitness::Check() const {
  ASSIGN_OR_RETURN(const Slots slots, ReadSlots(file_system_, path_));
  if (slots.versions[0].has_value() && slots.versions[1].has_value()) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("checksum mismatch: %s", path_));
}

absl::Status CommitWitness::WriteSlot(size_t slot, uint64_t version) {
  const std::string bytes = Encode(version);
  const absl::Span<const std::byte> piece = AsBytes(bytes);
  return file_->WriteAt(slot * kSlotBytes, {&piece, 1});
}

absl::Status CommitWitness::Write(uint64_t version) {
  RETURN_IF_ERROR(WriteSlot(next_slot_, version));
  next_slot_ = 1 - next_slot_;
  return absl::OkStatus();
}

}  // namespace cortex
