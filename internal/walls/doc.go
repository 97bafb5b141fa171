// Package walls holds the rules of the house as tests: which package may import
// which, and what every package and file owes its readers. It has no code of its
// own; docs/architecture.md tells what the rooms are for.
package walls
