#include "codecs/codec_registry.h"

#include "absl/strings/str_format.h"
#include "codecs/bitpack.h"
#include "codecs/byte_split_zstd.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/constant.h"
#include "codecs/delta.h"
#include "codecs/dictionary.h"
#include "codecs/front_bits.h"
#include "codecs/narrowed.h"
#include "codecs/plain.h"
#include "codecs/residual.h"
#include "codecs/run_length.h"
#include "codecs/scaled.h"
#include "codecs/sketched.h"
#include "codecs/symbols.h"
#include "codecs/zptv_codec.h"
#include "codecs/zstd_blocks.h"
#include "codecs/zstd_rows.h"

namespace cortex {

absl::Span<const Codec* const> AllCodecs() {
  static const Codec* const codecs[] = {PlainCodec(),   ConstantCodec(), DictionaryCodec(),    RunLengthCodec(),
                                        BitPackCodec(), DeltaCodec(),    ByteSplitZstdCodec(), ZstdCodec(),
                                        ZptvCodec(),    ScaledCodec(),   NarrowedCodec(),      ResidualCodec(),
                                        FrontBitsCodec(), ZstdRowsCodec(), CodedDictionaryCodec(), SymbolsCodec(),
                                        SketchedCodec()};
  return codecs;
}

absl::StatusOr<const Codec*> FindCodec(EncodingId id) {
  for (const Codec* codec : AllCodecs()) {
    if (codec->id() == id) return codec;
  }
  return absl::UnimplementedError(absl::StrFormat("encoding %d is unknown to this version", static_cast<int>(id)));
}

absl::StatusOr<std::unique_ptr<EncodedChunk>> OpenChunk(EncodingId id, const ByteSource* source, ValueShape shape,
                                                        uint32_t row_count) {
  ASSIGN_OR_RETURN(const Codec* codec, FindCodec(id));
  return codec->Open(source, shape, row_count);
}

}  // namespace cortex
