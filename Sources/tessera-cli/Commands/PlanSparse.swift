import ArgumentParser
import Tessera
import TesseraKernels

/// `tessera plan sparse-attention`
struct PlanSparseAttention: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sparse-attention",
    abstract: "Plans attention over lists of key blocks of a shape.")

  @OptionGroup var lists: BlockListCommandOptions
  @OptionGroup var shape: AttentionShapeOptions
  @Option(help: "Entries per row of a list.") var top = 16
  @Option(help: "Lists per sequence: 1, --kv-heads or --heads. Default: --kv-heads.") var listHeads: Int?
  @Flag(help: "Plan for sink logits.") var sinks = false
  @Flag(help: "Plan the gradients.") var backward = false
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem = try self.problem()
    let device = try device.open()
    let capabilities = device.context.capabilities
    let plan =
      backward
      ? try BlockListPlanner.planBackward(problem, schedule: lists.planned, capabilities)
      : try BlockListPlanner.plan(problem, schedule: lists.planned, capabilities)
    try PlanPrinter.print(plan, problem, device, json: json)
  }

  private func problem() throws(TesseraError) -> BlockListProblem {
    let tensors = try shape.tensors()
    let attention = try AttentionProblem(
      q: tensors.q, k: tensors.k, v: tensors.v, causal: lists.causal,
      alignment: lists.topLeft ? .topLeft : .bottomRight, softCap: lists.softCap,
      scale: lists.scale)
    guard lists.qBlock > 0 else {
      throw .invalidArgument("q_block", got: lists.qBlock, allowed: "1 or more")
    }
    let rows = (shape.queries + lists.qBlock - 1) / lists.qBlock
    return try BlockListProblem(
      attention: attention,
      indices: (try Shape([shape.batch, listHeads ?? shape.kvHeads, rows, top]), .i32),
      sinks: sinks ? (try Shape([shape.heads.heads]), .f32) : nil, queryBlock: lists.qBlock,
      keyBlock: lists.kvBlock, window: lists.limits)
  }
}

/// `tessera plan paged-decode`
struct PlanPagedDecode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paged-decode", abstract: "Plans attention over a paged cache of a shape.")

  @Option(help: "Sequences.") var batch = 1
  @Option(help: "New tokens per sequence.") var queries = 1
  @Option(help: "Most positions per sequence.") var context: Int
  @Option(help: "Tokens per page.") var page = 16
  @OptionGroup var heads: HeadShapeOptions
  @Option(help: "Entries per list; without it all positions are attended.") var top: Int?
  @Option(help: "Positions that one entry of a list names. Default: --page.") var kvBlock: Int?
  @Option(help: "Workgroups that share a sequence's keys. Default: as many as suit the device.")
  var splits: Int?
  @Option(help: "About what the largest scores are.") var unifiedMaximum: Float?
  @Option(help: "Keys are codes with a scale and zero per token and head: int8 or int4.")
  var kCode: QuantizationFormat.Code?
  @Option(help: "Values are.") var vCode: QuantizationFormat.Code?
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem = try self.problem()
    let device = try device.open()
    try PlanPrinter.print(
      try PagedPlanner.plan(problem, device.context.capabilities), problem, device, json: json)
  }

  private func problem() throws(TesseraError) -> PagedProblem {
    guard page > 0, context >= 0, batch >= 0 else {
      throw .invalidArgument(
        "page, context", got: "\(page), \(context)", allowed: "at least 1, 0 or more")
    }
    let (kvHeads, pages) = (heads.kvHeads ?? heads.heads, context / page + (context % page > 0 ? 1 : 0))
    let (all, overflow) = batch.multipliedReportingOverflow(by: pages)
    guard !overflow else {
      throw .invalidArgument("batch", got: batch, allowed: "fewer sequences")
    }
    func described(
      _ dim: Int, _ code: QuantizationFormat.Code?
    ) throws(TesseraError) -> ((shape: Shape, dtype: DType), PagedProblem.CodeDescription?) {
      let vectors = [all, page, kvHeads]
      guard let code else { return ((try Shape(vectors + [dim]), heads.dtype), nil) }
      return (
        (try Shape(vectors + [code == .int4 ? dim / 2 : dim]), .u8),
        (.perToken(code), (try Shape(vectors + [1, 2]), heads.dtype))
      )
    }
    let (k, keyCodes) = try described(heads.headDim, kCode)
    let (v, valueCodes) = try described(heads.valueDim ?? heads.headDim, vCode)
    return try PagedProblem(
      q: (try Shape([batch, queries, heads.heads, heads.headDim]), heads.dtype), k: k, v: v,
      blockTable: (try Shape([batch, pages]), .i32), lengths: (try Shape([batch]), .i32),
      indices: top.map { top throws(TesseraError) in
        (try Shape([batch, kvHeads, top]), .i32)
      }, keyBlock: kvBlock, splits: splits, unifiedMaximum: unifiedMaximum.map { UnifiedMaximum($0) },
      keyCodes: keyCodes, valueCodes: valueCodes)
  }
}
