"""The parts of tools/sample; README.md of this folder describes them and the layout they write."""
