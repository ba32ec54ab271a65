// Sections: the lines of a block that share a kind, as bytes. What integers mean is decided here, in one place, for the
// decoder and for the encoder that looks at what it will give.
//
// ```
// ┌ kind u8 ┬ parameters ┬ planes ┬ exceptions ┐                 raw: ┌ 0 u8 ┬ raw_lines.h ┐
// parameters: lattice, fourier   step mode u8 (0 one for all, 1 one per line), step codes, 24 bits each
//             front bits, polar  shift u8, base varint
// plane:      predictor u8, residuals (residual_coder.h); polar has two, amplitudes and phases
// exceptions: count varint, positions as differences varint, their bits in the width of the type
// ```
#ifndef CORTEX_CODECS_ZPTV_SECTION_H_
#define CORTEX_CODECS_ZPTV_SECTION_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/zptv/line_codes.h"
#include "codecs/zptv/line_shape.h"

namespace cortex::zptv {

// Whether lines of this shape may be Fourier coefficients: wide, complex, of a size the transform is fast for.
bool CanTransform(const LineShape& shape);

// The values the integers stand for, without exceptions: out[i] takes line i, columns · width bytes, aligned to the
// width. `planes`: integers column after column, as a section holds them.
void ReconstructLines(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                      absl::Span<std::byte* const> out);

// codes.integers column after column.
std::vector<int32_t> TransposeIntegers(const LineShape& shape, const LineCodes& codes);

// Appends a section of any kind but raw, with the predictors that make it smallest. Errors: INTERNAL.
absl::Status EncodeSection(const LineShape& shape, const LineCodes& codes, std::string* out);

// About how many bits the integers of a section with steps will take, told from a sample of its columns: tables, states
// and parameters left out. `planes` as above.
double EstimatedSectionBits(const LineShape& shape, absl::Span<const StepCode> steps, const int32_t* planes);

// Reads one section of any kind; out[i] takes its line i, nullptr: nobody wants it. Errors: DATA_LOSS.
absl::Status DecodeSection(const LineShape& shape, absl::Span<const std::byte> bytes, absl::Span<std::byte* const> out);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_SECTION_H_
