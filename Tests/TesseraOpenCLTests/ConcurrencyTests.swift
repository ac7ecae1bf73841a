import COpenCL
import Foundation
import Synchronization
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

@Suite struct ConcurrencyTests {
  @Test func `many threads may submit the same kernel with their own arguments`() throws {
    let bench = try Bench()
    let (threads, rounds, count) = (8, 50, 256)
    let device = bench.device
    let kernel = try bench.kernel(Saxpy.signature(.tessera), Saxpy.tessera)
    let x = try bench.buffer((0..<count).map { Float($0) })
    let outputs = try (0..<threads).map { _ in try bench.buffer([Float](repeating: 0, count: count))
    }
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      do {
        let timeline = try device.makeTimeline()
        for round in 1...rounds {
          let encoder = try device.makeEncoder()
          try encoder.dispatch(
            kernel, GridSize(count / 64), block(UInt32(count), Float(thread + 1)),
            [
              Binding(x, offset: 0, byteCount: 4 * count),
              Binding(outputs[thread], offset: 0, byteCount: 4 * count),
            ])
          try device.submit(
            try encoder.finish(), wait: [], signal: (timeline, UInt64(round)))
        }
        if try !timeline.wait(for: UInt64(rounds), seconds: 60) { throw CancellationError() }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    for thread in 0..<threads {
      let factor = Float((thread + 1) * rounds)
      #expect(
        try bench.read(outputs[thread], Float(0), count: count)
          == (0..<count).map { Float($0) * factor })
    }
  }

  // Waits block, so the other side of each test runs on a thread of its own, not in a task.

  @Test(arguments: [nil, 30.0])
  func `a wait may begin before its value is submitted`(seconds: Double?) throws {
    let bench = try Bench()
    let (device, timeline) = (bench.device, bench.timeline)
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
      for value in UInt64(1)...3 {
        guard let commands = try? device.makeEncoder().finish() else { return }
        try? device.submit(
          commands, wait: [(timeline, value - 1)], signal: (timeline, value))
      }
    }
    #expect(try timeline.wait(for: 3, seconds: seconds))
    #expect(try timeline.completedValue() == 3)
  }

  @Test func `a timeline of another device holds the work back`() throws {
    let (one, two) = (try Bench(), try Bench())
    let (device, timeline) = (one.device, one.timeline)
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(30)) {
      guard let commands = try? device.makeEncoder().finish() else { return }
      try? device.submit(commands, wait: [], signal: (timeline, 1))
    }
    try two.device.submit(
      try two.device.makeEncoder().finish(), wait: [(one.timeline, 1)], signal: (two.timeline, 1))
    #expect(try one.timeline.completedValue() == 1)
    #expect(try two.timeline.wait(for: 1, seconds: nil))
  }

  @Test func `host access of an idle buffer does not wait for queued work`() throws {
    let bench = try Bench()
    let idle = try bench.buffer([UInt32](repeating: 5, count: 16))
    let busy = try bench.buffer([UInt32](repeating: 1, count: 64))
    let kernel = try bench.kernel(
      KernelSignature(name: "spin", slots: [.init("a", .readWrite)], workgroup: [1], style: .plain),
      """
      kernel void spin(global uint *a) {
        uint v = a[0];
        for (uint i = 0; i < 300000000u; i++) v = v * 1664525u + 1013904223u + (v >> 7);
        a[0] = v;
      }
      """)
    try bench.run {
      try $0.dispatch(kernel, GridSize(1), [], [Binding(busy, offset: 0, byteCount: 256)])
    }
    let encoder = try bench.device.makeEncoder()
    try encoder.dispatch(kernel, GridSize(1), [], [Binding(busy, offset: 0, byteCount: 256)])
    try bench.device.submit(try encoder.finish(), wait: [], signal: (bench.timeline, 2))
    #expect(try bench.read(idle, UInt32(0), count: 16) == [UInt32](repeating: 5, count: 16))
    // PoCL's worker threads are shared by its queues, but a map is done by the caller.
    #expect(try bench.timeline.completedValue() == 1)
    #expect(try bench.timeline.wait(for: 2, seconds: 60))
  }

  @Test func `host errors inside an access come out and the mapping is undone`() throws {
    let bench = try Bench()
    let buffer = try bench.buffer([UInt32](repeating: 5, count: 16))
    for _ in 0..<3 {
      #expect(throws: TesseraError(.io, "mine")) {
        try buffer.withHostBytes(offset: 0, byteCount: 64, writing: true) {
          _ throws(TesseraError) in throw TesseraError(.io, "mine")
        }
      }
    }
    #expect(try bench.read(buffer, UInt32(0), count: 16) == [UInt32](repeating: 5, count: 16))
  }
}
