//go:build !race

package main

// defaultSeeds take half a minute on one core.
const defaultSeeds = 200
