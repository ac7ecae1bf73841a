import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run na`
struct RunNeighborhood: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "na",
    abstract: "Neighborhood attention over one to three token axes, and with --backward its gradients",
    discussion: """
      Inputs: q [B, Y.., H, D], k [B, X.., Hkv, D], v [B, X.., Hkv, Dv], along each axis Y = X or one a \
      multiple of the other; optional extra_k [B, E, Hkv, D] and extra_v [B, E, Hkv, Dv], attended by \
      every query; optional bias [H, 2·window − 1 per axis] (f32, by relative position) and key_mask \
      [B, X..] (0 hides a key). One value of --window, --stride, --dilation, --causal or --circular \
      serves all axes. Outputs: o, lse.

      With --backward: do, of the shape of o, and optional o and lse of an earlier forward pass, which \
      is run first without them. Outputs besides: dq, dk, dv, and dextra_k, dextra_v, dbias where there \
      is what they belong to. Times are those of the gradients alone.
      """)

  @OptionGroup var na: NeighborhoodOptions
  @Flag(help: "Compute the gradients of Σ do·o.") var backward = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let tensors = try options.files.read(single: ["bias", "lse"])
    let given = backward ? try GivenForward(tensors) : nil
    let inputs = try na.inputs(tensors, output: given?.o?.dtype)
    let dO = backward ? try tensors.required("do") : nil
    let device = try options.device.open()
    let run = try NeighborhoodRun(inputs, na, on: device)
    guard let given, let dO else {
      let plan = try device.preparedPlan(inputs.problem).plan
      try RunReport.run("na", options: options, on: device, plan: plan) {
        () throws(TesseraError) in
        let result = try run.forward()
        return [("o", result.output), ("lse", result.logSumExp)]
      } verify: { results throws(TesseraError) in
        Verifier.neighborhoodAttention(
          inputs, o: try results.required("o"), lse: try results.required("lse"))
      }
      return
    }
    let gradient = try Tensor(dO, on: device)
    let forward = try given.tensors(on: device) { () throws(TesseraError) in try run.forward() }
    let plan = try device.preparedBackwardPlan(inputs.problem).plan
    try RunReport.run(
      "na-backward", options: options, on: device, plan: plan,
      forward: forward.ran ? try device.preparedPlan(inputs.problem).plan : nil,
      before: [("o", forward.o), ("lse", forward.lse)]
    ) { () throws(TesseraError) in
      try run.backward(o: forward.o, lse: forward.lse, dO: gradient)
    } verify: { results throws(TesseraError) in
      Verifier.neighborhoodAttention(
        inputs, o: try results.required("o"), lse: try results.required("lse")
      ).and(
        try Verifier.neighborhoodAttentionBackward(inputs, dO: dO, gradients: results))
    }
  }
}

/// One neighborhood attention with its tensors on a device.
private struct NeighborhoodRun {
  let device: Device
  let na: NeighborhoodOptions
  /// q, k, v, extra_k, extra_v, bias, key_mask.
  let tensors: [Tensor?]

  init(
    _ inputs: NeighborhoodInputs, _ na: NeighborhoodOptions, on device: Device
  ) throws(TesseraError) {
    self.device = device
    self.na = na
    var tensors: [Tensor?] = []
    for operand in inputs.operands {
      tensors.append(
        try operand.map { host throws(TesseraError) in try Tensor(host, on: device) })
    }
    self.tensors = tensors
  }

  private func required() throws(TesseraError) -> (q: Tensor, k: Tensor, v: Tensor) {
    guard let q = tensors[0], let k = tensors[1], let v = tensors[2] else {
      throw .invalidArgument("inputs", got: "not all of q, k and v", allowed: "q, k and v")
    }
    return (q, k, v)
  }

  func forward() throws(TesseraError) -> AttentionResult {
    let (q, k, v) = try required()
    return try device.neighborhoodAttentionWithLSE(
      q, k, v, window: na.window.values, stride: na.stride.values, dilation: na.dilation.values,
      causal: na.causalFlags, circular: na.circularFlags, scale: na.scale, extraKeys: tensors[3],
      extraValues: tensors[4], bias: tensors[5], keyMask: tensors[6])
  }

  func backward(
    o: Tensor, lse: Tensor, dO: Tensor
  ) throws(TesseraError) -> [(name: String, tensor: Tensor)] {
    let (q, k, v) = try required()
    let result = try device.neighborhoodAttentionBackward(
      q, k, v, output: o, logSumExp: lse, outputGradient: dO, window: na.window.values,
      stride: na.stride.values, dilation: na.dilation.values, causal: na.causalFlags,
      circular: na.circularFlags, scale: na.scale, extraKeys: tensors[3], extraValues: tensors[4],
      bias: tensors[5], keyMask: tensors[6])
    let named: [(name: String, tensor: Tensor?)] = [
      ("dq", result.queries), ("dk", result.keys), ("dv", result.values),
      ("dextra_k", result.extraKeys), ("dextra_v", result.extraValues), ("dbias", result.bias),
    ]
    return named.compactMap { name, tensor in tensor.map { (name, $0) } }
  }
}
