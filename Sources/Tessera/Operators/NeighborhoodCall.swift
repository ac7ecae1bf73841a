import TesseraCore

/// The tensors of one neighborhood attention and the problem they pose.
struct NeighborhoodCall {
  let problem: NeighborhoodProblem
  /// In the order of `Plan.NeighborhoodOperand`, up to the key mask.
  let inputs: [(name: String, tensor: Tensor?)]

  init(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, window: [Int], stride: [Int], dilation: [Int],
    causal: [Bool], circular: [Bool], scale: Float?, extraKeys: Tensor?, extraValues: Tensor?,
    bias: Tensor?, keyMask: Tensor?, output: DType? = nil
  ) throws(TesseraError) {
    func described(_ tensor: Tensor?) -> (shape: Shape, dtype: DType)? {
      tensor.map { ($0.shape, $0.dtype) }
    }
    problem = try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      extraK: described(extraKeys), extraV: described(extraValues), bias: described(bias),
      keyMask: described(keyMask), circular: circular, window: window, stride: stride,
      dilation: dilation, causal: causal, scale: scale, output: output)
    inputs = [
      ("q", q), ("k", k), ("v", v), ("extra_k", extraKeys), ("extra_v", extraValues),
      ("bias", bias), ("key_mask", keyMask),
    ]
  }
}
