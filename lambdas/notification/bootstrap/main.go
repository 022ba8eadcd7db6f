// Command bootstrap is the notification Lambda.
package main

import (
	"os"

	"orderflow/lambdas/bootstrap"
	"orderflow/lambdas/notification"
)

func main() { bootstrap.Start(notification.New, os.Getenv) }
