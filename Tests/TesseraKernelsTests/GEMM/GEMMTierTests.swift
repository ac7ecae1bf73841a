import Foundation
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraShaders
import Testing

/// The choice between tiers of kernels, for a recorded Hopper GPU that need not be present.
@Suite struct GEMMTierTests {
  private func hopper() throws -> Capabilities { try GEMMPlannerTests.capabilities("opencl-h200") }

  private func problem(
    _ m: Int, _ n: Int, _ k: Int, _ dtype: DType = .f16, batch: [Int] = [], transposeA: Bool = false,
    transposeB: Bool = false, output: DType? = nil
  ) throws -> GEMMProblem {
    try GEMMProblem(
      a: (try Shape(batch + (transposeA ? [k, m] : [m, k])), dtype),
      b: (try Shape(batch + (transposeB ? [n, k] : [k, n])), dtype), transposeA: transposeA,
      transposeB: transposeB, output: output)
  }

  @Test(arguments: [DType.f16, .bf16], [0, 1, 2, 3])
  func `large products of every layout run on the highest tier`(dtype: DType, layout: Int) throws {
    let plan = try GEMMPlanner.plan(
      try problem(4096, 4096, 4096, dtype, transposeA: layout & 1 == 1, transposeB: layout & 2 == 2),
      try hopper())
    #expect(plan.tier == "hopper" && plan.schedule == "persistent")
    #expect(plan.tile == [128, 256, 64])
    #expect(plan.dispatches.count == 1 && plan.dispatches[0].grid == GridSize(132))
    #expect(plan.kernels[0]["TRANSPOSE_A"] == layout & 1 && plan.kernels[0]["SPLIT"] == 0)
    #expect(plan.notes == ["tier mma is not used: expected to be slower here"])
  }

  @Test func `a device gets only the tiers that its probe found`() throws {
    var capabilities = try hopper()
    let square = try problem(1024, 1024, 1024)
    capabilities.tensorTiers = [.mma]
    capabilities.tensorRefusals = ["hopper": "the driver refuses its instructions"]
    let plan = try GEMMPlanner.plan(square, capabilities)
    #expect(plan.tier == "mma")
    #expect(plan.notes == ["tier hopper is not used: the driver refuses its instructions"])
    capabilities.tensorTiers = nil
    #expect(try GEMMPlanner.plan(square, capabilities).tier == "portable")
  }

  @Test func `a kernel that does not build gives way to the next tier`() throws {
    let square = try problem(1024, 1024, 1024)
    let refused: [TensorTier: String] = [.hopper: "its kernel does not build: no such instruction"]
    let plan = try GEMMPlanner.plan(square, try hopper(), refused: refused)
    #expect(plan.tier == "mma" && plan.notes.count == 1)
    let both = refused.merging([.mma: "likewise"]) { $1 }
    let last = try GEMMPlanner.plan(square, try hopper(), refused: both)
    #expect(last.tier == "portable" && last.notes.count == 2)
  }

  @Test func `f32 stays on the plain cores and the plan says why`() throws {
    let plan = try GEMMPlanner.plan(try problem(512, 512, 512, .f32), try hopper())
    #expect(plan.tier == "portable")
    #expect(plan.notes.filter { $0.contains("not both f16") }.count == 2)
  }

  @Test func `rows of A that no copy can address go to the tier that loads them`() throws {
    let plan = try GEMMPlanner.plan(try problem(512, 512, 509), try hopper())
    #expect(plan.tier == "mma")
    #expect(plan.kernels[0]["COPY_A"] == 0 && plan.kernels[0]["COPY_B"] == 1)
    #expect(plan.notes.contains { $0.contains("rows of a do not all start at multiples of 16") })
  }

  @Test func `rows of D that no copy can address pass through scratch`() throws {
    let plan = try GEMMPlanner.plan(try problem(512, 509, 512, transposeB: true), try hopper())
    #expect(plan.tier == "hopper" && plan.kernels.map(\.name) == ["gemm_hopper", "gemm_join"])
    let sums = plan.dispatches[1].arguments[0]
    #expect(sums.byteCount == 4 * 512 * 512 && sums.offset % 128 == 0)
    #expect(plan.scratch == [sums.offset + sums.byteCount])
  }

  @Test func `few tiles and a long K are cut into parts`() throws {
    let plan = try GEMMPlanner.plan(try problem(256, 256, 16384), try hopper())
    #expect(plan.tier == "hopper" && plan.schedule == "persistent-split-k")
    #expect(plan.dispatches[0].grid.x > 32 && plan.dispatches.count == 2)
    // Sums go to scratch, so nothing but the second pass touches D.
    #expect(plan.dispatches[0].arguments[4].source == .none)
    #expect(plan.dispatches[1].arguments[3].source == .operand(4))
  }

  @Test func `every part of K has products`() throws {
    for k in [64, 200, 1000, 4104, 16384] {
      for splits in 1...6 {
        for tier in TensorTier.allCases {
          for plan in GEMMPlanner.forms(
            of: tier, try problem(64, 64, k), try hopper(), splits: splits)
          {
            let words = plan.dispatches[0].constants.withUnsafeBytes {
              Array($0.bindMemory(to: Int32.self))
            }
            let (parts, part) = (Int(words[3]), Int(words[4]))
            #expect(part % 64 == 0 && part * (parts - 1) < k && part * parts >= k)
          }
        }
      }
    }
  }

  @Test func `broadcast operands repeat along their axes`() throws {
    let problem = try GEMMProblem(
      a: ([3, 2, 64, 64], .f16), b: ([2, 64, 64], .f16))
    for plan in GEMMPlanner.forms(of: .hopper, problem, try hopper()) {
      #expect(plan.kernels[0]["BATCHED"] == 1 && plan.tiles.map { $0.full + $0.partial } ?? 0 >= 6)
      // Extents, then after the row strides the batch strides of A and of B.
      let words = plan.dispatches[0].constants.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
      #expect(Array(words[5..<8]) == [1, 3, 2])
      #expect(stride(from: 16, to: 28, by: 2).map { words[$0] } == [0, 8192, 4096, 0, 0, 4096])
    }
  }

  @Test func `instructions of one architecture stand behind the mark`() throws {
    for name in ["gemm_hopper.cl", "hopper_probe.cl"] {
      let source = try #require(TesseraShaders.source(name))
      #expect(!source.contains("#error missing"))
      var marked = 0
      for line in source.split(separator: "\n") where line.contains("\"") {
        for instruction in ["wgmma.", "setmaxnreg.", "tensormap."] {
          guard let place = line.range(of: instruction), !line.contains("fence.proxy.tensormap")
          else { continue }
          #expect(line[..<place.lowerBound].contains("//@"), "\(line)")
          marked += 1
        }
      }
      #expect(marked > 5)
    }
  }
}
