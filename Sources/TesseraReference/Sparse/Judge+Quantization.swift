package import TesseraCore

extension Judge {
  /// Codes and parameters of elements `x`, by what the format promises of them: zero is the group's smallest
  /// element rounded down to its type, the scale reaches the largest and is no wider than its type makes
  /// it, and every code stands for a value within half a scale of its element.
  package static func quantization(
    _ problem: QuantizationProblem, x: [Double], codes: [Double], parameters: [Double]
  ) -> [(name: String, verdict: Verdict)] {
    let storage = problem.storage
    let type = storage.parameterDType
    let levels = storage.format?.bits == 4 ? 15.0 : 255.0
    let ranges = Reference.ranges(problem, x)
    guard codes.count == problem.codeDimensions.reduce(1, *), parameters.count == 2 * ranges.count
    else {
      return [("codes", equality(codes, gold: [], rowLength: 1))]
    }
    let zeros = ranges.map { type.below($0.least) }
    // Scales as they would be without rounding, and what rounding may add to them.
    let scales = zip(ranges, zeros).map { max($0.most - $1, 0) / levels }
    let slack = zip(ranges, zeros).map { 8 * u * (abs($0.most) + abs($1)) / levels }
    let own = stride(from: 0, to: parameters.count, by: 2).map { parameters[$0] }
    let scaleReport = ErrorReport(own, gold: scales, rowLength: 1) { i in
      // A constant group has no scale, and a scale is not smaller than it need be.
      guard scales[i] > 0 else { return 0 }
      let step = type == .f32 ? 0 : 2 * type.unitRoundoff * scales[i] + smallest(type)
      return slack[i] + (own[i] < scales[i] ? 0 : step)
    }
    let zeroReport = stride(from: 1, to: parameters.count, by: 2).map { parameters[$0] }
    let elements = Reference.elements(
      storage, heads: problem.heads, dim: problem.headDim, codes, parameters: parameters)
    let report = ErrorReport(elements, gold: x, rowLength: problem.headDim) { i in
      let group = storage.group(of: i, heads: problem.heads, dim: problem.headDim)
      let (scale, zero) = (parameters[2 * group], parameters[2 * group + 1])
      return scale / 2 + 8 * u * (abs(x[i]) + abs(zero) + levels * scale)
    }
    return [
      ("zeros", equality(zeroReport, gold: zeros, rowLength: 1)),
      ("scales", verdict(scaleReport, allowed: "the group's width, rounded up")),
      ("codes", verdict(report, allowed: "half a scale")),
    ]
  }

  /// Elements of codes: `4·u·(|u·scale| + |zero|)` and half an ulp of their type.
  package static func dequantization(
    _ problem: QuantizationProblem, _ values: [Double], codes: [Double], parameters: [Double]
  ) -> Verdict {
    let gold = Reference.elements(
      problem.storage, heads: problem.heads, dim: problem.headDim, codes, parameters: parameters)
    let report = ErrorReport(values, gold: gold, rowLength: problem.headDim) { i in
      let group = problem.storage.group(of: i, heads: problem.heads, dim: problem.headDim)
      let zero = parameters[2 * group + 1]
      return 4 * u * (abs(gold[i] - zero) + abs(zero)) + rounding(gold[i], problem.dtype)
    }
    return verdict(report, allowed: "4·u·(|u·scale| + |zero|) and half an ulp of \(problem.dtype)")
  }
}
