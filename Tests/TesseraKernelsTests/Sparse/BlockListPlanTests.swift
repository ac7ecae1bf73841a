import Foundation
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

@Suite struct `Plans of attention over block lists` {
  private func capabilities(_ name: String) throws -> Capabilities {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Snapshots"))
    return try JSONDecoder().decode(Capabilities.self, from: Data(contentsOf: url))
  }

  /// 64 query heads in groups, one list of `top` blocks per token and KV head.
  private func problem(
    tokens: Int, group: Int, block: Int, top: Int, queryBlock: Int = 1
  ) throws -> BlockListProblem {
    let q = try Shape([1, tokens, 64, 128]), k = try Shape([1, tokens, 64 / group, 128])
    let rows = (tokens + queryBlock - 1) / queryBlock
    return try BlockListProblem(
      attention: AttentionProblem(q: (q, .bf16), k: (k, .bf16), v: (k, .bf16), causal: true),
      indices: (try Shape([1, 64 / group, rows, top]), .i32), queryBlock: queryBlock,
      keyBlock: block)
  }

  @Test(arguments: ["opencl-h200", "vulkan-h200"])
  func `take less than 128 MiB of scratch whatever the length`(_ device: String) throws {
    let capabilities = try capabilities(device)
    for (block, top) in [(64, 16), (128, 8)] {
      for group in [1, 2, 8] {
        for tokens in [8192, 65_536, 131_072] {
          let problem = try problem(tokens: tokens, group: group, block: block, top: top)
          for schedule in [BlockListSchedule.query, .kv] {
            let forward = try BlockListPlanner.plan(problem, schedule: schedule, capabilities)
            #expect(forward.scratchBytes <= 128 << 20, "\(schedule) \(tokens) \(group)")
            // δ is as long as LSE.
            let delta = 4 * tokens * 64
            let backward = try BlockListPlanner.planBackward(
              problem, schedule: schedule, capabilities)
            #expect(backward.scratchBytes <= 128 << 20 + delta, "\(schedule) \(tokens) \(group)")
          }
        }
      }
    }
  }

  /// Keys are shared by the queries of a row and the heads of a group; where those are few, it pays to
  /// collect rows that list the same block.
  @Test(arguments: ["opencl-h200", "vulkan-h200"])
  func `collect rows where a row is short`(_ device: String) throws {
    let capabilities = try capabilities(device)
    func schedule(group: Int, queryBlock: Int) throws -> String {
      try BlockListPlanner.plan(
        problem(tokens: 32_768, group: group, block: 64, top: 16, queryBlock: queryBlock),
        capabilities
      ).schedule
    }
    #expect(try schedule(group: 1, queryBlock: 1) == "key-major")
    #expect(try schedule(group: 1, queryBlock: 64) == "query-major")
    #expect(try schedule(group: 64, queryBlock: 1) == "query-major")
  }

  /// The tiles that planners choose on GPUs, run by what devices there are.
  @Test func `of GPUs give the right result`() throws {
    let context = try NeighborhoodDevice.openCL.context()
    var capabilities = context.capabilities
    capabilities.kind = .gpu
    capabilities.vectorWidth = 1
    capabilities.computeUnits = 4
    for (group, queryBlock) in [(1, 1), (2, 1), (4, 1), (3, 4), (1, 64)] {
      var form = SparseCase.Form()
      (form.heads, form.kvHeads, form.lists) = (2 * group, 2, 2)
      (form.queries, form.keys) = (queryBlock == 1 ? 12 : 80, 200)
      (form.queryBlock, form.keyBlock, form.width, form.causal) = (queryBlock, 32, 4, true)
      let test = try SparseCase(form, seed: 60)
      for schedule in [BlockListSchedule.query, .kv] {
        let output = try test.run(
          on: context,
          plans: (
            BlockListPlanner.plan(test.problem, schedule: schedule, capabilities),
            BlockListPlanner.planBackward(test.problem, schedule: schedule, capabilities)
          ))
        if let fault = test.fault(output) { Issue.record("\(schedule): \(fault)") }
      }
    }
  }

  @Test func `name what does not fit`() throws {
    let capabilities = try capabilities("vulkan-h200")
    func code(_ problem: BlockListProblem) -> TesseraError.Code? {
      do throws(TesseraError) {
        _ = try BlockListPlanner.plan(problem, capabilities)
        return nil
      } catch { return error.code }
    }
    var problem = try problem(tokens: 4096, group: 1, block: 64, top: 16)
    problem.attention.keyLength = 1 << 30
    #expect(code(problem) == .overLimit)
    problem.attention.keyLength = 4096
    problem.listHeads = 3
    #expect(code(problem) == .invalidArgument)
  }
}
