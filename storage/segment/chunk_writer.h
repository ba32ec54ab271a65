// Turns one Column of one row group into the pieces of its chunk.
#ifndef CORTEX_STORAGE_SEGMENT_CHUNK_WRITER_H_
#define CORTEX_STORAGE_SEGMENT_CHUNK_WRITER_H_

#include "absl/status/statusor.h"
#include "codecs/encoding_chooser.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"
#include "storage/segment/piece_writer.h"
#include "storage/segment/segment_footer.h"

namespace cortex {

// Sketches to be written beside the values of columns.
struct SketchChoice {
  absl::Span<const SketchKind> kinds;
  bool within_raw = false;  // only as far as values and sketches take no more than the values would plain
};

// Nulls. Wide values (vectors, complex numbers) are stored without their null rows as soon as an eighth of the rows is
// null, strings as soon as half is; below that, and always for scalars of 8 bytes or less, null rows hold zeros, which
// keeps rows in place for filters and zero-copy views.
// Values that the contract in `options` lets change are stored changed, and the zone map is theirs; is_complex is set here.
// options.exact_rows has a bit for each row of `column`.
// Sketches. Of vectors of floats and complex values each kind of `sketches` that fits the column is written over the
// stored rows, as they will decode, if there are enough rows and they are long enough (sketch_rule.h), and if there is
// room for it. Columns with a bound get no polar one. The euclidean one may be in the
// values (EncodeOptions::sketch_share). Every such column has the envelope of its rows.
absl::StatusOr<ChunkLayout> WriteChunk(const Column& column, EncodeOptions options,
                                       const SketchChoice& sketches, PieceWriter* out);

// Memory that WriteChunk takes for the sketches of `rows` rows, beside the encoded chunk: the largest over the columns.
uint64_t SketchScratchBytes(const TableDefinition& table, uint32_t rows);

// One int64 per row: the hidden columns.
absl::StatusOr<EncodedPiece> WriteIntegers(absl::Span<const int64_t> values, EncodingEffort effort, PieceWriter* out);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_CHUNK_WRITER_H_
