//go:build !race

package examples_test

const buildMode = "-race=false"
