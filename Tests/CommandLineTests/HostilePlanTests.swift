import Testing

/// Command lines that once ended the process; those that a fuzzer or chance finds join them.
@Suite("Hostile command lines") struct HostilePlanTests {
  @Test(arguments: [
    "plan sparse-attention --queries 512 --heads 4 --q-block 16 --kv-block 32 --top 2147483648",
    "plan sparse-attention --queries 512 --heads 4 --kv-block 32 --top 2147483648 --backward",
    "plan sparse-attention --queries 512 --heads 4294967296 --kv-block 32 --top 5 --backward",
    "plan sparse-attention --queries 512 --heads 2147483648 --kv-block 32 --top 5",
    "plan paged-decode --context 5000 --heads 2147483648 --kv-heads 8 --head-dim 128",
    "plan paged-decode --context 5000 --heads 32 --kv-heads 8 --top 4294967296 --kv-block 3",
  ])
  func `numbers beyond every device are refused by name`(line: String) throws {
    let outcome = try CommandRunner.run(
      line.split(separator: " ").map(String.init) + ["--device", "cpu"])
    #expect(outcome.status == 65, "\(outcome.error)")
    #expect(outcome.error.contains("limit 536870912"), "\(outcome.error)")
  }
}
