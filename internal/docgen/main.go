// Docgen writes docs/settings.md from the tables of settings in the
// code, so that the two cannot differ. Run it in the folder of the module:
//
//	go run ./internal/docgen
package main

//go:generate go -C ../.. run ./internal/docgen

import (
	"fmt"
	"log"
	"os"
)

// target is the file that is written.
const target = "docs/settings.md"

func main() {
	log.SetFlags(0)
	if _, err := os.Stat("go.mod"); err != nil {
		log.Fatal("docgen: run it in the folder of the module: ", err)
	}
	if err := os.WriteFile(target, page(), 0o644); err != nil {
		log.Fatal("docgen: ", err)
	}
	fmt.Println("wrote", target)
}
