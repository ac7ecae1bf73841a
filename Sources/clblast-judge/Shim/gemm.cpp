// Takes the place of CLBlast's matrix product in CLBlast's own test client, which calls it as an
// ordinary symbol of a shared library: loaded before CLBlast, this one answers, and the client judges
// Tessera. See Scripts/soak.

#include "clblast_judge.h"

#include <clblast.h>

#include <algorithm>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {

// What the client asked for, said when it ends.
struct Counts {
  size_t computed[2] = {0, 0};
  size_t refused[2] = {0, 0};

  ~Counts() {
    for (int half : {0, 1}) {
      if (computed[half] + refused[half] == 0) continue;
      std::fprintf(
          stderr, "clblast-judge: %s computed %zu refused %zu\n", half ? "f16" : "f32",
          computed[half], refused[half]);
    }
  }
};

Counts counts;

// The client takes an error of a valid product for one more case that it leaves out.
[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "clblast-judge: FAILED: %s\n", what);
  std::_Exit(70);
}

float number(float value) { return value; }

// An f16 of the client's, from its bits.
float number(cl_half bits) {
  _Float16 value;
  static_assert(sizeof(value) == sizeof(bits), "f16 has two bytes");
  __builtin_memcpy(&value, &bits, sizeof(value));
  return static_cast<float>(value);
}

std::vector<unsigned char> read(cl_command_queue queue, cl_mem buffer) {
  size_t count = 0;
  if (clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof(count), &count, nullptr) != CL_SUCCESS) {
    fail("the size of a buffer cannot be read");
  }
  std::vector<unsigned char> bytes(count);
  if (clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, count, bytes.data(), 0, nullptr, nullptr)
      != CL_SUCCESS) {
    fail("a buffer cannot be read");
  }
  return bytes;
}

// Whether `rows` rows of `columns` elements lie inside a buffer.
bool fits(const clblast_judge_matrix &matrix, size_t rows, size_t columns, size_t elementBytes) {
  size_t elements = matrix.offset + (rows - 1) * matrix.leading_dimension + columns;
  return elements * elementBytes <= matrix.byte_count;
}

template <typename T>
clblast::StatusCode gemm(
    clblast::Layout layout, clblast::Transpose transposeA, clblast::Transpose transposeB, size_t m,
    size_t n, size_t k, T alpha, cl_mem a, size_t offsetA, size_t ldA, cl_mem b, size_t offsetB,
    size_t ldB, T beta, cl_mem c, size_t offsetC, size_t ldC, cl_command_queue queue,
    cl_event *event) {
  using clblast::StatusCode;
  const int half = sizeof(T) == 2;
  auto refuse = [&](StatusCode code) {
    counts.refused[half] += 1;
    return code;
  };
  // Compilers that a driver starts do without this library.
  unsetenv("LD_PRELOAD");
  if (m == 0 || n == 0 || k == 0) return refuse(StatusCode::kInvalidDimension);
  auto bytesA = read(queue, a), bytesB = read(queue, b), bytesC = read(queue, c);
  clblast_judge_product product = {
      half,
      transposeA != clblast::Transpose::kNo,
      transposeB != clblast::Transpose::kNo,
      number(alpha),
      number(beta),
      m,
      n,
      k,
      {bytesA.data(), bytesA.size(), offsetA, ldA},
      {bytesB.data(), bytesB.size(), offsetB, ldB},
      {bytesC.data(), bytesC.size(), offsetC, ldC}};
  // A column-major matrix is its transpose row by row, and Cᵀ = op(B)ᵀ·op(A)ᵀ.
  if (layout == clblast::Layout::kColMajor) {
    std::swap(product.a, product.b);
    std::swap(product.transpose_a, product.transpose_b);
    std::swap(product.m, product.n);
  }
  auto size = [&](bool transposed, size_t rows, size_t columns) {
    return transposed ? std::make_pair(columns, rows) : std::make_pair(rows, columns);
  };
  auto sizeA = size(product.transpose_a, product.m, product.k);
  auto sizeB = size(product.transpose_b, product.k, product.n);
  if (product.a.leading_dimension < sizeA.second) return refuse(StatusCode::kInvalidLeadDimA);
  if (product.b.leading_dimension < sizeB.second) return refuse(StatusCode::kInvalidLeadDimB);
  if (ldC < product.n) return refuse(StatusCode::kInvalidLeadDimC);
  if (!fits(product.a, sizeA.first, sizeA.second, sizeof(T))) {
    return refuse(StatusCode::kInsufficientMemoryA);
  }
  if (!fits(product.b, sizeB.first, sizeB.second, sizeof(T))) {
    return refuse(StatusCode::kInsufficientMemoryB);
  }
  if (!fits(product.c, product.m, product.n, sizeof(T))) {
    return refuse(StatusCode::kInsufficientMemoryC);
  }
  if (clblast_judge_run(&product) != 0) fail("a valid product was refused");
  if (clEnqueueWriteBuffer(
          queue, c, CL_TRUE, 0, bytesC.size(), bytesC.data(), 0, nullptr, event) != CL_SUCCESS) {
    fail("a buffer cannot be written");
  }
  counts.computed[half] += 1;
  return StatusCode::kSuccess;
}

}  // namespace

namespace clblast {

// The client's own test for what a device can do, and its handle of one.
class Device;
template <typename T> bool PrecisionSupported(const Device &device);

// Element types are Tessera's matter and not those of the OpenCL device that carries the buffers.
template <> bool PrecisionSupported<float>(const Device &) { return true; }
template <> bool PrecisionSupported<cl_half>(const Device &) { return true; }
template <> bool PrecisionSupported<double>(const Device &) { return false; }
template <> bool PrecisionSupported<std::complex<float>>(const Device &) { return false; }
template <> bool PrecisionSupported<std::complex<double>>(const Device &) { return false; }

template <>
StatusCode Gemm<float>(
    const Layout layout, const Transpose transposeA, const Transpose transposeB, const size_t m,
    const size_t n, const size_t k, const float alpha, const cl_mem a, const size_t offsetA,
    const size_t ldA, const cl_mem b, const size_t offsetB, const size_t ldB, const float beta,
    cl_mem c, const size_t offsetC, const size_t ldC, cl_command_queue *queue, cl_event *event,
    cl_mem) {
  return gemm(
      layout, transposeA, transposeB, m, n, k, alpha, a, offsetA, ldA, b, offsetB, ldB, beta, c,
      offsetC, ldC, *queue, event);
}

template <>
StatusCode Gemm<cl_half>(
    const Layout layout, const Transpose transposeA, const Transpose transposeB, const size_t m,
    const size_t n, const size_t k, const cl_half alpha, const cl_mem a, const size_t offsetA,
    const size_t ldA, const cl_mem b, const size_t offsetB, const size_t ldB, const cl_half beta,
    cl_mem c, const size_t offsetC, const size_t ldC, cl_command_queue *queue, cl_event *event,
    cl_mem) {
  return gemm(
      layout, transposeA, transposeB, m, n, k, alpha, a, offsetA, ldA, b, offsetB, ldB, beta, c,
      offsetC, ldC, *queue, event);
}

}  // namespace clblast
