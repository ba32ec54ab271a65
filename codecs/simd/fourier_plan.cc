#include "codecs/simd/fourier_plan.h"

#include <map>
#include <memory>

namespace cortex::simd {
namespace {

constexpr size_t kLargestSize = 65536;
constexpr uint32_t kPrimes[] = {3, 5, 7, 11, 13};

// Taylor polynomials on [0, π/4], innermost coefficient first; what they leave out is below 2^-57.
double SmallSine(double x) {
  const double s = x * x;
  double sum = 0;
  for (const double divisor : {272.0, 210.0, 156.0, 110.0, 72.0, 42.0, 20.0, 6.0}) sum = (1.0 - sum) * s / divisor;
  return x - x * sum;
}
double SmallCosine(double x) {
  const double s = x * x;
  double sum = 0;
  for (const double divisor : {306.0, 240.0, 182.0, 132.0, 90.0, 56.0, 30.0, 12.0, 2.0}) {
    sum = (1.0 - sum) * s / divisor;
  }
  return 1.0 - sum;
}

// 2π·k/size by octants: the reduction is exact because it happens on integers.
void Root(size_t k, size_t size, double* cosine, double* sine) {
  const size_t eighths = 8 * k / size;  // octant
  const size_t rest = 8 * k - eighths * size;
  constexpr double kQuarterPi = 0x1.921fb54442d18p-1;
  const bool odd = eighths % 2 == 1;  // odd octants are mirrored at their end
  const double angle = kQuarterPi * (static_cast<double>(odd ? size - rest : rest) / static_cast<double>(size));
  double c = SmallCosine(angle), s = SmallSine(angle);
  const size_t quarter = (eighths + 1) / 2 % 4;  // the axis the angle is measured from
  if (odd) s = -s;
  switch (quarter) {
    case 0:
      *cosine = c, *sine = s;
      break;
    case 1:
      *cosine = -s, *sine = c;
      break;
    case 2:
      *cosine = -c, *sine = -s;
      break;
    default:
      *cosine = s, *sine = -c;
      break;
  }
}

std::unique_ptr<const FourierPlan> MakePlan(size_t size) {
  auto plan = std::make_unique<FourierPlan>();
  plan->size = size;
  size_t rest = size;
  for (; rest % 4 == 0; rest /= 4) plan->factors.push_back(4);
  for (; rest % 2 == 0; rest /= 2) plan->factors.push_back(2);
  for (const uint32_t prime : kPrimes) {
    for (; rest % prime == 0; rest /= prime) plan->factors.push_back(prime);
  }
  plan->cosines.resize(size);
  plan->sines.resize(size);
  for (size_t k = 0; k < size; ++k) Root(k, size, &plan->cosines[k], &plan->sines[k]);
  return plan;
}

}  // namespace

bool IsFourierSize(size_t size) {
  if (size < 2 || size > kLargestSize) return false;
  while (size % 2 == 0) size /= 2;
  for (const uint32_t prime : kPrimes) {
    while (size % prime == 0) size /= prime;
  }
  return size == 1;
}

const FourierPlan& FourierPlanOf(size_t size) {
  thread_local std::map<size_t, std::unique_ptr<const FourierPlan>> plans;
  std::unique_ptr<const FourierPlan>& plan = plans[size];
  if (plan == nullptr) plan = MakePlan(size);
  return *plan;
}

}  // namespace cortex::simd
