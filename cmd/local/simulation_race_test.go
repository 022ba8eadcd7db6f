//go:build race

package main

// defaultSeeds are fewer with the race detector, which slows a simulation down
// several times, and finds in the first few seeds what it finds at all.
const defaultSeeds = 20
